using System.Text;
using SeamlessReboot.Posix;
using InheritanceNote = SeamlessReboot.Descriptors.Inheritance;

namespace SeamlessReboot.Tests.Support;

/// <summary>A process whose exec fails as the test likes, or hangs at the point of no return until the test is over.</summary>
internal sealed class FakeProcess(string? inheritance = null) : HostProcess
{
    private readonly TaskCompletionSource _testIsOver = new();
    private readonly TaskCompletionSource<Execution> _executed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _inheritance = inheritance;

    internal sealed record Execution(string Path, string[] Arguments, string[] Environment, string Directory, int Umask)
    {
        internal string Inheritance => Environment.Single(v => v.StartsWith(InheritanceNote.Variable + "=", StringComparison.Ordinal))
            [(InheritanceNote.Variable.Length + 1)..];
    }

    /// <summary>If set, called in place of exec; what it throws is why exec failed.</summary>
    internal Action<Execution>? OnExecute { get; set; }

    /// <summary>The exec that hangs.</summary>
    internal Task<Execution> Executed => _executed.Task;

    internal int FakePid { get; init; } = Environment.ProcessId;

    /// <summary>Not the true one, so that the diagnostics socket of the test host is left alone.</summary>
    internal long FakeStartTime { get; init; } = 424242;

    internal string? FakeTempDirectory { get; init; }

    /// <summary>The real path of the running program, if it is not to be the test host's.</summary>
    internal string? FakeProgram { get; init; }

    internal override string? Program() => FakeProgram ?? base.Program();

    internal override string TempDirectory => FakeTempDirectory ?? base.TempDirectory;

    internal string[] Command { get; init; } = ["/bin/true", "argument"];

    internal string[] StartedWith { get; init; } = ["PATH=/usr/bin:/bin", "GREETING=grüße", "SEAMLESSREBOOT_OLD=1"];

    internal override int Pid => FakePid;

    internal override long StartTime => FakeStartTime;

    /// <summary>What a supervisor has set.</summary>
    internal Dictionary<string, string> Variables { get; } = [];

    /// <summary>Where the descriptors begin that a supervisor has passed; not at 3, as the test host has its own there.</summary>
    internal int First { get; init; } = 3;

    internal override int FirstPassed => First;

    internal override string? Variable(string name) => Variables.GetValueOrDefault(name);

    internal override string? TakeVariable(string name) => name == InheritanceNote.Variable ? Interlocked.Exchange(ref _inheritance, null)
        : Variables.Remove(name, out string? value) ? value : null;

    internal override IReadOnlyList<byte[]> CommandLine() => [.. Command.Select(Encoding.UTF8.GetBytes)];

    internal override List<byte[]> StartEnvironment() => [.. StartedWith.Select(Encoding.UTF8.GetBytes)];

    internal override HeldSignals? FindHeldSignals() => null;

    internal override SignalWatch? WatchSignals(ulong except, Func<string, Task?> onTermination) => null;

    internal override void Execute(string path, IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment)
    {
        int umask = (int)Mono.Unix.Native.Syscall.umask(0);
        _ = Mono.Unix.Native.Syscall.umask((Mono.Unix.Native.FilePermissions)umask);
        Execution execution = new(path, [.. arguments.Select(Encoding.UTF8.GetString)], [.. environment.Select(Encoding.UTF8.GetString)],
            Environment.CurrentDirectory, umask);
        if (OnExecute is not null)
        {
            OnExecute(execution);
            throw new InvalidOperationException("OnExecute has to throw.");
        }

        _executed.TrySetResult(execution);
        _testIsOver.Task.Wait();
        throw new SyscallException("execve of a test that is over", 4);
    }

    internal void EndTest() => _testIsOver.TrySetResult();
}
