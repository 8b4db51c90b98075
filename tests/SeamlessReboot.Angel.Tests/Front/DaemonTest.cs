using Mono.Unix.Native;
using SeamlessReboot.Angel.Daemon;

namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>Tests of daemons with the real program, in a directory of the test's own. Whatever a test has started, it ends.</summary>
internal abstract class DaemonTest : IAsyncDisposable
{
    /// <summary>A server that notifies nobody.</summary>
    protected const string Sleeps = "sleep 600";

    protected TempDirectory Temporary { get; } = new();

    protected string RuntimeDirectory => Temporary["rt"];

    protected int AngelPid => PidFile.Inspect(Temporary["rt/angel.pid"]).Pid ?? throw new InvalidOperationException("There is no angel.");

    public async ValueTask DisposeAsync()
    {
        await RunningProcess.UntilAsync(() =>
        {
            List<int> left = RunningProcess.Of(Temporary);
            left.ForEach(pid => Syscall.kill(pid, Signum.SIGKILL));
            return left.Count == 0;
        }, "everything has ended");
        Temporary.Dispose();
    }

    /// <summary>Runs "run --daemon" for a shell with this script.</summary>
    protected Task<CommandResult> StartAsync(string script, params string[] options) => AngelCommand.RunAsync(Temporary, Arguments(script, options));

    /// <summary>Runs another verb for that angel.</summary>
    protected Task<CommandResult> AskAsync(params string[] arguments) =>
        AngelCommand.RunAsync(Temporary, [.. arguments, "--runtime-dir", RuntimeDirectory]);

    protected string[] Arguments(string script, params string[] options) =>
        ["run", "--daemon", "--name", "test", "--runtime-dir", RuntimeDirectory, .. options, "--", "sh", "-c", script];

    protected int Server() => TryServer() is int pid and > 0 ? pid : throw new InvalidOperationException("There is no server.");

    /// <summary>0 when there is none.</summary>
    protected int TryServer() =>
        PidFile.Inspect(Temporary["rt/angel.pid"]) is { Held: true, Pid: int angel } ? RunningProcess.Children(angel).FirstOrDefault() : 0;
}
