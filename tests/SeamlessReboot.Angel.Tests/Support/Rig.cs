using System.Text;
using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Descriptors;
using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Tests.Support;

/// <summary>An angel without a kernel: processes, files and time are the test's.</summary>
internal sealed class Rig : IDisposable
{
    public Rig(Func<AngelOptions, AngelOptions>? change = null)
    {
        AngelOptions options = new() { Command = ["server", "4000"], Name = "server", RuntimeDirectory = "/run/server" };
        Options = change?.Invoke(options) ?? options;
        Alarms = new Alarms(Time, () => { });
        Store = new FdStore(Options.StoreLimit);
        AngelHost host = new()
        {
            Log = (level, text) => Log.Add($"{level}: {text}"),
            WhenReady = text => Told.Add("ready"),
            WhenFailed = (code, text) => Told.Add($"failed {code}"),
        };
        Angel = new Angel(Options, host, System, Alarms, Store, new Releases(Options, Files, "/srv"), Time);
    }

    public AngelOptions Options { get; }

    public ManualTime Time { get; } = new();

    public FakeSystem System { get; } = new();

    public FakeFiles Files { get; } = new();

    public Alarms Alarms { get; }

    public FdStore Store { get; }

    public List<string> Log { get; } = [];

    /// <summary>What the starter has been told.</summary>
    public List<string> Told { get; } = [];

    public Angel Angel { get; }

    /// <summary>The server that was started last.</summary>
    public int Pid => 1000 + System.Started.Count;

    public State State => Angel.State;

    public void Begin() => Angel.Begin();

    public void Say(string message, int? pid = null) => Angel.OnNotification(pid ?? Pid, Encoding.UTF8.GetBytes(message), []);

    public void Ready(int? pid = null) => Say("READY=1", pid);

    public void SeamlessReady(int generation = 0) =>
        Say($"READY=1\nX_SEAMLESSREBOOT=1\nX_SEAMLESSREBOOT_GENERATION={generation}\nX_SEAMLESSREBOOT_REBOOT_SIGNAL=1\nX_SEAMLESSREBOOT_CHECKPOINT_SIGNAL=34");

    public void Die(int signal = 9, int? pid = null) => End(new ExitStatus(null, signal), pid);

    public void Exit(int code, int? pid = null) => End(new ExitStatus(code, null), pid);

    public void Pass(TimeSpan time)
    {
        long end = Time.GetTimestamp() + time.Ticks;
        Ring();
        // From alarm to alarm, as the loop does.
        while (Time.GetTimestamp() < end)
        {
            TimeSpan step = Enum.GetValues<Alarm>().Select(a => Alarms.Remaining(a)).OfType<TimeSpan>().Append(TimeSpan.FromTicks(end - Time.GetTimestamp())).Min();
            Time.Pass(step > TimeSpan.Zero ? step : TimeSpan.FromMilliseconds(1));
            Ring();
        }
    }

    public void Pass(double seconds) => Pass(TimeSpan.FromSeconds(seconds));

    /// <summary>Time passes and nothing runs, as in a container that is paused.</summary>
    public void Freeze(double seconds)
    {
        Time.Pass(TimeSpan.FromSeconds(seconds));
        Angel.Handle(Event.Thawed, new EventDetails(Time: TimeSpan.FromSeconds(seconds)));
    }

    /// <summary>Rings what is due now.</summary>
    public void Ring()
    {
        while (Angel.ExitCode is null && Alarms.TakeDue() is Alarm alarm)
            Angel.OnAlarm(alarm);
    }

    /// <returns>What will hold the answer.</returns>
    public List<string> Call(string verb, string argument = "")
    {
        List<string> answers = [];
        Angel.OnCall(new ControlCall(verb, argument, answers.Add));
        return answers;
    }

    /// <summary>Brings the angel into a state, by what leads there.</summary>
    public void Reach(State state)
    {
        Begin();
        if (state == State.Starting)
            return;
        Ready();
        switch (state)
        {
            case State.Ready: break;
            case State.Reloading: Say("RELOADING=1"); break;
            case State.RollingOver: Angel.OnSignal(1); break;
            case State.Aborting: Say("WATCHDOG=trigger"); break;
            case State.Leaving: Say("STOPPING=1"); break;
            case State.Stopping: Angel.OnSignal(15); break;
            case State.Waiting: Die(); break;
            case State.Ended: Exit(0); break;
            default: throw new ArgumentOutOfRangeException(nameof(state));
        }
    }

    public void Dispose() => Alarms.Dispose();

    private void End(ExitStatus status, int? pid)
    {
        System.End(pid ?? Pid, status);
        Angel.ReapExited();
    }
}
