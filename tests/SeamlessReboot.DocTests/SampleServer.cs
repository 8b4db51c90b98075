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
        ProcessStartInfo info = new(ProgramOf(name), ["0", directory]) { RedirectStandardOutput = true };
        info.Environment["RUNTIME_DIRECTORY"] = directory; // for the spool: servers of the same name may run beside it
        SampleServer server = new(Process.Start(info)!);
        await server.WaitUntilReadyAsync(cancellationToken);
        return server;
    }

    /// <returns>The exit code, and what it has written.</returns>
    public static async Task<(int Code, string Said)> RunAsync(string name, string argument, CancellationToken cancellationToken)
    {
        using Process process = Process.Start(new ProcessStartInfo(ProgramOf(name), [argument]) { RedirectStandardOutput = true })!;
        string said = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, said);
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

    private static string ProgramOf(string name) =>
        Repository.PathOf($"samples/Installing/{name}/bin/{Repository.Configuration}/net10.0/{name}");

    [GeneratedRegex(@"^ready on port (\d+), generation (\d+), (\d+) sessions")]
    private static partial Regex ReadyLine();
}
