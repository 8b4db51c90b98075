using SeamlessReboot.Angel.Children;
using SeamlessReboot.Angel.Tests.Support;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>Deaths: the next start, and the end of patience.</summary>
internal sealed class RestartTests
{
    [Test]
    public void The_first_restart_comes_at_once()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.Die();
        rig.Ring();
        Assert.That(rig.State, Is.EqualTo(State.Starting));
        Assert.That(rig.System.Started, Has.Count.EqualTo(2));
    }

    [Test]
    public void Later_restarts_wait_longer_each_time_up_to_the_limit()
    {
        using Rig rig = new(o => o with { Backoff = TimeSpan.FromSeconds(1), BackoffLimit = TimeSpan.FromSeconds(3), DeathLimit = 0 });
        rig.Begin();
        double[] waits = [0, 1, 1.5, 2.25, 3, 3];
        foreach (double wait in waits)
        {
            rig.Die();
            Assert.That(rig.Alarms.Remaining(Loop.Alarm.State)!.Value.TotalSeconds, Is.EqualTo(wait).Within(0.001));
            rig.Pass(wait);
            Assert.That(rig.State, Is.EqualTo(State.Starting), $"after {wait} s");
        }
    }

    [Test]
    public void A_server_that_was_ready_for_long_forgets_the_deaths_before_it()
    {
        using Rig rig = new();
        rig.Begin();
        rig.Die();
        rig.Ring();
        rig.Die();
        rig.Pass(0.5);
        rig.Ready();
        rig.Pass(60);
        rig.Die();
        Assert.That(rig.Alarms.Remaining(Loop.Alarm.State), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void A_server_that_crashes_every_40_s_is_never_waited_for_longer_than_2_s()
    {
        using Rig rig = new(o => o with { Notifies = true });
        rig.Begin();
        double longest = 0;
        for (int i = 0; i < 20; i++)
        {
            rig.Pass(2); // its start
            rig.Ready();
            rig.Pass(38);
            rig.Die();
            double wait = rig.Alarms.Remaining(Loop.Alarm.State)!.Value.TotalSeconds;
            longest = Math.Max(longest, wait);
            rig.Pass(wait);
            Assert.That(rig.State, Is.EqualTo(State.Starting), $"after death {i + 1}");
        }

        TestContext.Out.WriteLine($"longest wait of 20: {longest} s");
        Assert.That(longest, Is.LessThanOrEqualTo(2));
    }

    [Test]
    public void Half_the_time_of_readiness_makes_up_for_half_the_deaths()
    {
        using Rig rig = new(o => o with { Backoff = TimeSpan.FromSeconds(1), DeathLimit = 0, Notifies = true });
        rig.Begin();
        for (int i = 0; i < 6; i++)
        {
            rig.Die();
            rig.Pass(60);
        }

        rig.Ready();
        rig.Pass(5);
        rig.Die(); // three are left, and this one
        Assert.That(rig.Alarms.Remaining(Loop.Alarm.State)!.Value.TotalSeconds, Is.EqualTo(1.5 * 1.5).Within(0.001));
        rig.Pass(60);
        rig.Ready();
        rig.Pass(10);
        rig.Die();
        Assert.That(rig.Alarms.Remaining(Loop.Alarm.State), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void A_server_that_dies_as_soon_as_it_is_ready_is_waited_for_as_one_that_never_is()
    {
        using Rig rig = new(o => o with { DeathLimit = 0, Notifies = true });
        rig.Begin();
        for (int i = 0; i < 15; i++)
        {
            rig.Ready();
            rig.Pass(0.001);
            rig.Die();
            rig.Pass(31);
        }

        rig.Ready();
        rig.Die();
        Assert.That(rig.Alarms.Remaining(Loop.Alarm.State)!.Value.TotalSeconds, Is.GreaterThan(20));
    }

    [Test]
    public void A_wall_clock_that_jumps_moves_no_death()
    {
        using Rig rig = new(o => o with { DeathLimit = 3, Notifies = true });
        rig.Begin();
        for (int i = 0; i < 3; i++)
        {
            rig.Ring();
            rig.Ready();
            rig.Time.JumpTo(rig.Time.GetUtcNow() + TimeSpan.FromHours(i % 2 == 0 ? 5 : -9));
            rig.Die();
            rig.Pass(1);
        }

        Assert.That(rig.Angel.ExitCode, Is.EqualTo(ExitCodes.GaveUp));
    }

    [Test]
    public void Too_many_deaths_in_too_short_a_time_end_the_angel_with_its_own_code()
    {
        using Rig rig = new(o => o with { DeathLimit = 3, Notifies = true });
        rig.Begin();
        for (int i = 0; i < 3; i++)
        {
            rig.Ring();
            rig.Ready();
            rig.Die();
            rig.Pass(1);
        }

        Assert.That(rig.Angel.ExitCode, Is.EqualTo(ExitCodes.GaveUp));
        Assert.That(rig.Log.Find(l => l.StartsWith("Critical", StringComparison.Ordinal)), Does.Contain("has died 3 times").And.Contain("SIGKILL").And.Contain("alas"));
    }

    [Test]
    public void Deaths_that_are_far_apart_never_end_it()
    {
        using Rig rig = new(o => o with { DeathLimit = 3, Notifies = true });
        rig.Begin();
        for (int i = 0; i < 20; i++)
        {
            rig.Ready();
            rig.Pass(31);
            rig.Die();
            rig.Pass(30);
            Assert.That(rig.State, Is.EqualTo(State.Starting));
        }
    }

    [Test]
    public void Exit_0_after_readiness_ends_the_angel_with_0()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.Exit(0);
        Assert.That(rig.Angel.ExitCode, Is.Zero);
    }

    [Test]
    public void Exit_0_before_readiness_is_a_death()
    {
        using Rig rig = new();
        rig.Begin();
        rig.Exit(0);
        Assert.That(rig.State, Is.EqualTo(State.Waiting));
    }

    [Test]
    public void With_always_exit_0_is_no_end_and_with_never_a_death_is_one()
    {
        using (Rig always = new(o => o with { Restart = RestartPolicy.Always }))
        {
            always.Reach(State.Ready);
            always.Exit(0);
            Assert.That(always.State, Is.EqualTo(State.Waiting));
        }

        using Rig never = new(o => o with { Restart = RestartPolicy.Never });
        never.Reach(State.Ready);
        never.Die(11);
        Assert.That(never.Angel.ExitCode, Is.EqualTo(139));
    }

    [Test]
    public void A_program_that_is_not_there_ends_the_first_start()
    {
        using Rig rig = new();
        rig.Files.Missing.Add("server");
        rig.Begin();
        Assert.That(rig.Angel.ExitCode, Is.EqualTo(StartFailureException.NotFound));
        Assert.That(rig.Told, Is.EqualTo(new[] { "failed 127" }));
    }

    [Test]
    public void A_program_that_has_vanished_is_waited_for()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.Files.Missing.Add("server");
        rig.Die();
        rig.Pass(1);
        Assert.That(rig.State, Is.EqualTo(State.Waiting));
        rig.Files.Missing.Clear();
        rig.Pass(10);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
    }

    [Test]
    public void The_rest_of_its_group_is_killed_before_the_dead_one_is_reaped_and_waited_for()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.System.LivingGroups.Add(1001);
        rig.Die();
        Assert.That(rig.System.Done, Does.Contain("signal 9 to group 1001"));
        rig.Ring();
        Assert.That(rig.State, Is.EqualTo(State.Waiting), "its group still lives");
        rig.System.LivingGroups.Clear();
        rig.Die(9, pid: 1777);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
    }

    [Test]
    public void A_group_that_will_not_die_delays_the_start_by_a_second_only()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.System.LivingGroups.Add(1001);
        rig.Die();
        rig.Pass(1.1);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
    }

    [Test]
    public void A_daemon_whose_first_start_fails_ends_and_says_why()
    {
        using Rig rig = new(o => o with { Daemon = true });
        rig.Begin();
        rig.Exit(3);
        Assert.That(rig.Angel.ExitCode, Is.EqualTo(3));
        Assert.That(rig.Told, Is.EqualTo(new[] { "failed 3" }));
    }

    [Test]
    public void The_starter_is_told_of_readiness_once()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.Die();
        rig.Ring();
        rig.Ready();
        rig.Angel.OnSignal(15);
        rig.Die(15);
        Assert.That(rig.Told, Is.EqualTo(new[] { "ready" }));
        Assert.That(rig.Angel.ExitCode, Is.EqualTo(143));
    }

    [Test]
    public void What_it_says_at_its_end_is_heard_before_its_end_is_believed()
    {
        using Rig rig = new();
        rig.Begin();
        rig.System.WhenNotificationsAreRead = () => rig.Ready();
        rig.Exit(0);
        Assert.That(rig.Angel.ExitCode, Is.Zero, "it was ready, and then ended in order");
    }

    [Test]
    public void Counters_go_back_to_zero_when_that_is_asked_for()
    {
        using Rig rig = new(o => o with { DeathLimit = 2 });
        rig.Reach(State.Ready);
        rig.Die();
        rig.Ring();
        rig.Angel.OnSignal(10);
        Assert.That(rig.Angel.Status().DeathsOfLate, Is.Empty);
        rig.Die();
        Assert.That(rig.Angel.ExitCode, Is.Null);
        Assert.That(rig.Log, Has.Some.Contains("Status: {"));
    }
}
