using SeamlessReboot.CrashTests.Support;

namespace SeamlessReboot.CrashTests.Systemd;

/// <summary>A named pipe that a service prints to, over all its restarts, read into a transcript.</summary>
internal sealed class Fifo : IAsyncDisposable
{
    private const string Last = "(the test has ended)";
    private readonly FileStream _stream;
    private readonly Task _reading;

    private Fifo(string path, Transcript transcript)
    {
        // For both ways, so that it does not end when a service does.
        _stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        _reading = Task.Factory.StartNew(() => Read(transcript), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public static Fifo Open(string path, Transcript transcript) => new(path, transcript);

    public async ValueTask DisposeAsync()
    {
        _stream.Write("\n"u8);
        _stream.Write(System.Text.Encoding.UTF8.GetBytes(Last + "\n"));
        await _reading.WaitAsync(Limits.Wait);
        await _stream.DisposeAsync();
    }

    private void Read(Transcript transcript)
    {
        using StreamReader reader = new(_stream, leaveOpen: true);
        while (reader.ReadLine() is string line && line != Last)
            transcript.Add(line);
        transcript.End();
    }
}
