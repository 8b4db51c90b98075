using System.Diagnostics;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>CounterServer under seamless-angel.</summary>
internal sealed class AngelHost : ServerHost
{
    private readonly Process _angel;
    private readonly Task _reading;

    private AngelHost(Family family, int port, Process angel)
        : base(family, port)
    {
        _angel = angel;
        _reading = ReadAsync();
    }

    public int AngelPid => _angel.Id;

    public bool HasEnded => _angel.HasExited;

    /// <summary>Starts the angel, and does not wait for the server.</summary>
    public static AngelHost Launch(Family family, Workspace workspace, int port, IEnumerable<string> angelOptions, IEnumerable<string> command) =>
        new(family, port, Start(family, workspace, ["run", .. Common(workspace), .. angelOptions, "--", .. command]));

    /// <summary>An angel's process with these words.</summary>
    public static Process Start(Family family, Workspace workspace, IEnumerable<string> words)
    {
        ProcessStartInfo info = new(Programs.Dotnet, [Programs.Angel, .. words])
        {
            WorkingDirectory = workspace.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment[Family.Variable] = family.Token;
        info.Environment["TMPDIR"] = workspace.Root;
        return Process.Start(info)!;
    }

    /// <summary>What every angel here is told: where its files are, and that it is never to lose patience.</summary>
    public static IEnumerable<string> Common(Workspace workspace) =>
        [.. Names(workspace), "--death-limit", "0", "--backoff", "10ms", "--backoff-limit", "100ms"];

    /// <summary>What an angel is found by.</summary>
    public static IEnumerable<string> Names(Workspace workspace) => ["--name", "crash-test", "--runtime-dir", workspace.File("angel")];

    public override async ValueTask DisposeAsync()
    {
        if (!_angel.HasExited)
            _angel.Kill(); // this process alone, by its handle; the test looks whether the server has followed
        await _angel.WaitForExitAsync().WaitAsync(Limits.Wait);
        Family.KillAll();
        await _reading.WaitAsync(Limits.Wait);
        _angel.Dispose();
    }

    /// <summary>Ends angel and server as an operator does.</summary>
    public async Task<int> StopAsync()
    {
        Kernel.Send(_angel.Id, Kernel.Sigterm);
        await _angel.WaitForExitAsync().WaitAsync(Limits.Wait);
        return _angel.ExitCode;
    }

    protected override int HostPid(int pid) => pid;

    private async Task ReadAsync()
    {
        await Task.WhenAll(Transcript.ReadAsync(_angel.StandardOutput), Transcript.ReadAsync(_angel.StandardError));
        Transcript.End();
    }
}
