using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SeamlessReboot.Benchmarks;

/// <summary>A server that was started, and will be ended, by the benchmark.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string ready)
    {
        _process = process;
        FirstLine = ready;
        Port = int.Parse(PortPattern().Match(ready).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }

    public string FirstLine { get; }

    public int Port { get; }

    public int Pid => _process.Id;

    public static async Task<ServerProcess> StartAsync(params string[] arguments)
    {
        ProcessStartInfo info = new("dotnet", arguments) { RedirectStandardOutput = true };
        Process process = Process.Start(info)!;
        string ready = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server has ended.");
        return new ServerProcess(process, ready);
    }

    public async Task<string> NextLineAsync() => await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server has ended.");

    /// <summary>In order, so that one who looks after another ends that too.</summary>
    public void End()
    {
        using (Process kill = Process.Start("kill", ["-TERM", $"{Pid}"]))
            kill.WaitForExit();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    [GeneratedRegex("\"port\":([0-9]+)")]
    private static partial Regex PortPattern();
}
