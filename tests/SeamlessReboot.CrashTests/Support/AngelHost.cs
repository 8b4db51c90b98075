using System.Diagnostics;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>CounterServer under seamless-angel.</summary>
internal sealed class AngelHost : ServerHost
{
    private static readonly string[] _namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    private readonly Process _angel;
    private readonly bool _isFirstProcess;
    private readonly Task _reading;

    private AngelHost(Family family, int port, Process angel, bool isFirstProcess)
        : base(family, port)
    {
        _angel = angel;
        _isFirstProcess = isFirstProcess;
        _reading = ReadAsync();
    }

    public int AngelPid => _isFirstProcess ? Family.WithInnerPid(1) : _angel.Id;

    public bool HasEnded => _angel.HasExited;

    /// <summary>Starts the angel, and does not wait for the server.</summary>
    /// <param name="family">Whose processes they are.</param>
    /// <param name="workspace">Where its files are.</param>
    /// <param name="port">The server's.</param>
    /// <param name="angelOptions">What it is told beside what all are.</param>
    /// <param name="command">The server.</param>
    /// <param name="asFirstProcess">In a namespace of its own, as in a container. Only as root.</param>
    public static AngelHost Launch(Family family, Workspace workspace, int port, IEnumerable<string> angelOptions, IEnumerable<string> command, bool asFirstProcess = false) =>
        new(family, port, Start(family, workspace, ["run", .. Common(workspace), .. angelOptions, "--", .. command], asFirstProcess ? _namespace : []), asFirstProcess);

    /// <summary>An angel's process with these words.</summary>
    public static Process Start(Family family, Workspace workspace, IEnumerable<string> words, IReadOnlyList<string>? by = null)
    {
        string[] all = [.. by ?? [], Programs.Dotnet, Programs.Angel, .. words];
        ProcessStartInfo info = new(all[0], all[1..])
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

    /// <summary>What every angel here is told: where its files are, that it never gives up, and not to wait long for the end of a server that ignores SIGABRT, as .NET does.</summary>
    public static IEnumerable<string> Common(Workspace workspace) =>
        [.. Names(workspace), "--death-limit", "0", "--backoff", "10ms", "--backoff-limit", "100ms", "--abort-timeout", "200ms"];

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
        Kernel.Send(AngelPid, Kernel.Sigterm);
        await _angel.WaitForExitAsync().WaitAsync(Limits.Wait);
        return _angel.ExitCode;
    }

    protected override int HostPid(int pid) => _isFirstProcess ? Family.WithInnerPid(pid) : pid;

    private async Task ReadAsync()
    {
        await Task.WhenAll(Transcript.ReadAsync(_angel.StandardOutput), Transcript.ReadAsync(_angel.StandardError));
        Transcript.End();
    }
}
