using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SeamlessReboot.DocTests;

/// <summary>A server of samples/Installing in a process of its own, on a port that the kernel has chosen.</summary>
internal sealed partial class SampleServer : IAsyncDisposable
{
    private readonly Process _process;

    private SampleServer(Process process) => _process = process;

    public int Pid => _process.Id;

    public int Port { get; private set; }

    public int Generation { get; private set; }

    public int Sessions { get; private set; }

    public static async Task<SampleServer> StartAsync(string name, string directory, CancellationToken cancellationToken)
    {
        string program = Repository.PathOf($"samples/Installing/{name}/bin/{Repository.Configuration}/net10.0/{name}");
        ProcessStartInfo info = new(program, ["0", directory]) { RedirectStandardOutput = true };
        info.Environment["RUNTIME_DIRECTORY"] = directory; // for the spool: servers of the same name may run beside it
        SampleServer server = new(Process.Start(info)!);
        await server.WaitUntilReadyAsync(cancellationToken);
        return server;
    }

    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", ["-s", name, Pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        while (await _process.StandardOutput.ReadLineAsync(cancellationToken) is string line)
        {
            if (ReadyLine().Match(line) is not { Success: true } ready)
                continue;
            int[] numbers = [.. ready.Groups.Values.Skip(1).Select(group => int.Parse(group.Value, CultureInfo.InvariantCulture))];
            (Port, Generation, Sessions) = (numbers[0], numbers[1], numbers[2]);
            return;
        }

        throw new InvalidOperationException($"{_process.StartInfo.FileName} has ended.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [GeneratedRegex(@"^ready on port (\d+), generation (\d+), (\d+) sessions")]
    private static partial Regex ReadyLine();
}
