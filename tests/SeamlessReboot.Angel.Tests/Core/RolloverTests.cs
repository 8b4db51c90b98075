using SeamlessReboot.Angel.Tests.Support;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>A plain program that is replaced by another one beside it.</summary>
internal sealed class RolloverTests
{
    [Test]
    public void The_old_one_is_told_to_end_when_the_next_one_is_ready()
    {
        using Rig rig = new();
        rig.Reach(State.RollingOver);
        rig.Ready(pid: 1002);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        Assert.That(rig.System.Done, Is.EqualTo(new[] { "signal 15 to 1001", "signal 18 to 1001" }));
        rig.Exit(0, pid: 1001);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        Assert.That(rig.Angel.Status().ChildPid, Is.EqualTo(1002));
    }

    [Test]
    public void An_old_one_that_will_not_end_is_killed()
    {
        using Rig rig = new();
        rig.Reach(State.RollingOver);
        rig.Ready(pid: 1002);
        rig.Pass(20);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to 1001"));
        Assert.That(rig.System.Done, Has.None.Contains("1002"));
    }

    [Test]
    public void The_old_one_stays_when_the_next_one_dies()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        List<string> answer = rig.Call("reboot");
        rig.Die(11, pid: 1002);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        Assert.That(rig.Angel.Status().ChildPid, Is.EqualTo(1001));
        Assert.That(answer[0], Does.Contain("\"ok\":false").And.Contain("SIGSEGV"));
        Assert.That(rig.System.Done, Has.None.Contains("to 1001"));
    }

    [Test]
    public void The_next_one_is_killed_when_it_is_not_ready_in_time()
    {
        using Rig rig = new();
        rig.Reach(State.Ready); // it has notified, so the next one has to
        List<string> answer = rig.Call("reboot");
        rig.Pass(60);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to 1002"));
        Assert.That(rig.Angel.Status().ChildPid, Is.EqualTo(1001));
        Assert.That(answer[0], Does.Contain("\"ok\":false"));
        rig.Die(9, pid: 1002);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
    }

    [Test]
    public void One_that_does_not_notify_is_ready_after_the_start_delay()
    {
        using Rig rig = new();
        rig.Begin();
        rig.Pass(3);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        List<string> answer = rig.Call("reboot");
        rig.Pass(2.9);
        Assert.That(answer, Is.Empty);
        rig.Pass(0.2);
        Assert.That(answer[0], Does.Contain("\"ok\":true"));
        Assert.That(rig.Angel.Status().ChildPid, Is.EqualTo(1002));
    }

    [Test]
    public void When_the_old_one_dies_first_everything_is_up_to_the_next_one()
    {
        using Rig rig = new();
        rig.Reach(State.RollingOver);
        rig.Die(9, pid: 1001);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
        rig.Ready(pid: 1002);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        Assert.That(rig.System.Started, Has.Count.EqualTo(2));
    }

    [Test]
    public void Stopping_in_the_middle_kills_the_next_one_and_ends_with_the_old_ones_status()
    {
        using Rig rig = new();
        rig.Reach(State.RollingOver);
        rig.Angel.OnSignal(15);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to group 1002").And.Contain("signal 15 to 1001"));
        rig.Die(9, pid: 1002);
        Assert.That(rig.Angel.ExitCode, Is.Null);
        rig.Exit(7, pid: 1001);
        Assert.That(rig.Angel.ExitCode, Is.EqualTo(7));
    }

    [Test]
    public void Two_requests_are_one_rollover()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        List<string> first = rig.Call("reboot"), second = rig.Call("reboot");
        rig.Ready(pid: 1002);
        Assert.That(first.Concat(second), Has.Exactly(2).Contains("\"ok\":true"));
        Assert.That(rig.System.Started, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_hung_old_one_does_not_keep_the_next_one_from_taking_over()
    {
        using Rig rig = new(o => o with { Watchdog = TimeSpan.FromSeconds(5) });
        rig.Reach(State.RollingOver);
        rig.Pass(5);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to 1001"));
        rig.Die(9, pid: 1001);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
    }
}
