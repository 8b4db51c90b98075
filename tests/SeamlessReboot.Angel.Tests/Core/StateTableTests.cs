using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Angel.Tests.Support;
using static SeamlessReboot.Angel.State;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>Each cell of the table, reached by what leads there: where the angel is afterwards.</summary>
internal sealed class StateTableTests
{
    private static readonly State[] _states = Enum.GetValues<State>();

    // Where each thing leads from each state, in the order of State. Written down on its own, and not read from the table.
    private static readonly Dictionary<Event, State[]> _expected = new()
    {
        //                             Starting  Ready        Reloading  RollingOver  Aborting  Leaving   Stopping  Waiting   Ended
        [Event.MainReady] = [Ready, Ready, Ready, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.MainPresumedReady] = [Ready, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.MainReloading] = [Starting, Reloading, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.MainStopping] = [Leaving, Leaving, Leaving, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.Heartbeat] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.MainHung] = [Aborting, Aborting, Aborting, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.MainPidChanged] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.MainExited] = [Waiting, Waiting, Waiting, Starting, Waiting, Waiting, Ended, Waiting, Ended],
        [Event.NextReady] = [Starting, Ready, Reloading, Ready, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.NextExited] = [Starting, Ready, Reloading, Ready, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.OrphanExited] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.Deadline] = [Aborting, Ready, Aborting, Ready, Aborting, Leaving, Stopping, Starting, Ended],
        [Event.MoreTimeRequested] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.Stable] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.Thawed] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.RebootRequested] = [Starting, RollingOver, Reloading, RollingOver, Aborting, Leaving, Stopping, Starting, Ended],
        [Event.CheckpointRequested] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.CheckpointDone] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.StopRequested] = [Stopping, Stopping, Stopping, Stopping, Stopping, Stopping, Stopping, Ended, Ended],
        [Event.SignalRequested] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.ReportRequested] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Event.SelfRebootRequested] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
    };

    private static IEnumerable<TestCaseData> Cells()
    {
        foreach (Event what in Enum.GetValues<Event>())
            foreach (State state in _states)
                yield return new TestCaseData(state, what).SetName($"{what} in {state}");
    }

    [TestCaseSource(nameof(Cells))]
    public void Every_cell_leads_where_it_should(State state, Event what)
    {
        using Rig rig = new();
        rig.Reach(state);
        Assert.That(rig.State, Is.EqualTo(state), "reached");
        List<string> answers = [];
        bool isRequest = what is Event.RebootRequested or Event.CheckpointRequested or Event.StopRequested or Event.SignalRequested;
        ControlCall? call = isRequest ? new ControlCall("test", "", answers.Add) : null;
        rig.System.Descendants.Add(2000);
        int number = what switch { Event.MainPidChanged => 2000, Event.StopRequested or Event.SignalRequested => 15, _ => 0 };
        ExitStatus status = what is Event.MainExited or Event.NextExited ? new ExitStatus(null, 11) : default;

        rig.Angel.Handle(what, new EventDetails(status, number, TimeSpan.FromHours(1), "the test says so", call));

        Assert.That(rig.State, Is.EqualTo(_expected[what][(int)state]));
        Assert.That(rig.Angel.ExitCode.HasValue, Is.EqualTo(rig.State == Ended));
        // Whoever asks is answered: now, or when it has been done, for which the way is laid.
        if (isRequest && answers.Count == 0)
            Assert.That(rig.State is Starting or Reloading or RollingOver or Stopping || rig.Alarms.IsSet(Loop.Alarm.Checkpoint));
        // No state without a way out: something runs whose end will be heard, or a time is set.
        if (rig.State is Starting or Reloading or RollingOver or Aborting or Leaving or Stopping or Waiting)
            Assert.That(rig.Alarms.IsSet(Loop.Alarm.State) || rig.System.Done.Any(d => d.StartsWith("signal 9", StringComparison.Ordinal)) || what == Event.Deadline);
    }

    [Test]
    public void The_table_is_whole()
    {
        Assert.That(StateTable.Rows, Has.Count.EqualTo(Enum.GetValues<Event>().Length));
        Assert.That(StateTable.Rows, Has.All.Count.EqualTo(_states.Length));
        Assert.That(_expected.Keys, Is.EquivalentTo(Enum.GetValues<Event>()));
        Assert.That(StateTable.Rows.SelectMany(r => r).Distinct(), Is.EquivalentTo(Enum.GetValues<StateAction>()), "every action is taken somewhere");
    }
}
