using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Posix;
using SeamlessReboot.Angel.Tests.Support;
using static SeamlessReboot.Angel.State;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>Each cell of the table, reached by what leads there: where the angel is afterwards.</summary>
internal sealed class TableTests
{
    private static readonly State[] _states = Enum.GetValues<State>();

    // Where each thing leads from each state, in the order of State. Written down on its own, and not read from the table.
    private static readonly Dictionary<Happening, State[]> _expected = new()
    {
        //                             Starting  Ready        Reloading  RollingOver  Aborting  Leaving   Stopping  Waiting   Ended
        [Happening.MainReady] = [Ready, Ready, Ready, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.MainPresumed] = [Ready, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.MainReloading] = [Starting, Reloading, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.MainStopping] = [Leaving, Leaving, Leaving, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.Heartbeat] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.MainHung] = [Aborting, Aborting, Aborting, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.MainChanged] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.MainExited] = [Waiting, Waiting, Waiting, Starting, Waiting, Waiting, Ended, Waiting, Ended],
        [Happening.NextReady] = [Starting, Ready, Reloading, Ready, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.NextExited] = [Starting, Ready, Reloading, Ready, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.OrphanExited] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.Deadline] = [Aborting, Ready, Aborting, Ready, Aborting, Leaving, Stopping, Starting, Ended],
        [Happening.MoreTime] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.Stable] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.RebootAsked] = [Starting, RollingOver, Reloading, RollingOver, Aborting, Leaving, Stopping, Starting, Ended],
        [Happening.CheckpointAsked] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.CheckpointDone] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.StopAsked] = [Stopping, Stopping, Stopping, Stopping, Stopping, Stopping, Stopping, Ended, Ended],
        [Happening.KillAsked] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.ReportAsked] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
        [Happening.SelfRebootAsked] = [Starting, Ready, Reloading, RollingOver, Aborting, Leaving, Stopping, Waiting, Ended],
    };

    private static IEnumerable<TestCaseData> Cells()
    {
        foreach (Happening happening in Enum.GetValues<Happening>())
            foreach (State state in _states)
                yield return new TestCaseData(state, happening).SetName($"{happening} in {state}");
    }

    [TestCaseSource(nameof(Cells))]
    public void Every_cell_leads_where_it_should(State state, Happening happening)
    {
        using Rig rig = new();
        rig.Reach(state);
        Assert.That(rig.State, Is.EqualTo(state), "reached");
        List<string> answers = [];
        bool isRequest = happening is Happening.RebootAsked or Happening.CheckpointAsked or Happening.StopAsked or Happening.KillAsked;
        ControlCall? call = isRequest ? new ControlCall("test", "", answers.Add) : null;
        rig.World.Descendants.Add(2000);
        int number = happening switch { Happening.MainChanged => 2000, Happening.StopAsked or Happening.KillAsked => 15, _ => 0 };
        ExitStatus status = happening is Happening.MainExited or Happening.NextExited ? new ExitStatus(null, 11) : default;

        rig.Angel.Happen(happening, new Fact(status, number, TimeSpan.FromHours(1), "the test says so", call));

        Assert.That(rig.State, Is.EqualTo(_expected[happening][(int)state]));
        Assert.That(rig.Angel.ExitCode.HasValue, Is.EqualTo(rig.State == Ended));
        // Whoever asks is answered: now, or when it has been done, for which the way is laid.
        if (isRequest && answers.Count == 0)
            Assert.That(rig.State is Starting or Reloading or RollingOver or Stopping || rig.Alarms.IsSet(Loop.Alarm.Checkpoint));
        // No state without a way out: something runs whose end will be heard, or a time is set.
        if (rig.State is Starting or Reloading or RollingOver or Aborting or Leaving or Stopping or Waiting)
            Assert.That(rig.Alarms.IsSet(Loop.Alarm.State) || rig.World.Done.Any(d => d.StartsWith("signal 9", StringComparison.Ordinal)) || happening == Happening.Deadline);
    }

    [Test]
    public void The_table_is_whole()
    {
        Assert.That(Table.Rows, Has.Count.EqualTo(Enum.GetValues<Happening>().Length));
        Assert.That(Table.Rows, Has.All.Count.EqualTo(_states.Length));
        Assert.That(_expected.Keys, Is.EquivalentTo(Enum.GetValues<Happening>()));
        Assert.That(Table.Rows.SelectMany(r => r).Distinct(), Is.EquivalentTo(Enum.GetValues<Deed>()), "every deed is done somewhere");
    }
}
