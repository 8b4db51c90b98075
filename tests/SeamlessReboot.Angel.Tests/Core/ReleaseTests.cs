using SeamlessReboot.Angel.Tests.Support;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>A release that does not get ready, and what is started in its place.</summary>
internal sealed class ReleaseTests
{
    private static readonly string[] _fallback = ["old-server"];

    [Test]
    public void The_fallback_is_started_after_so_many_failed_starts()
    {
        using Rig rig = new(o => o with { Fallback = _fallback, FallbackAfter = 3 });
        rig.Begin();
        FailStarts(rig, 3);
        rig.Ring();
        Assert.That(rig.System.Started.Select(r => r.Command[0]), Is.EqualTo(new[] { "server", "server", "server", "old-server" }));
        Assert.That(rig.Angel.Status().Release, Is.EqualTo("fallback"));
    }

    [Test]
    public void A_death_long_after_readiness_is_not_the_releases_fault()
    {
        using Rig rig = new(o => o with { Fallback = _fallback, FallbackAfter = 2, DeathLimit = 0 });
        rig.Begin();
        for (int i = 0; i < 5; i++)
        {
            rig.Ready();
            rig.Die();
            rig.Pass(30);
        }

        Assert.That(rig.System.Started.Select(r => r.Command[0]), Has.All.EqualTo("server"));
    }

    [Test]
    public void Not_ready_in_time_counts_as_a_failed_start()
    {
        using Rig rig = new(o => o with { Fallback = _fallback, FallbackAfter = 1, Notifies = true });
        rig.Begin();
        rig.Pass(60);
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
        Assert.That(rig.System.Done, Does.Contain("signal 6 to 1001"));
        rig.Pass(2);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to 1001"));
        rig.Die();
        rig.Ring();
        Assert.That(rig.System.Started[^1].Command[0], Is.EqualTo("old-server"));
    }

    [Test]
    public void Without_a_fallback_the_last_good_release_is_started()
    {
        using Rig rig = new(o => o with { FallbackAfter = 2 });
        rig.Reach(State.Ready);
        rig.Pass(61);
        rig.Files.Current = "/releases/2";
        rig.Die();
        rig.Ring();
        FailStarts(rig, 2);
        rig.Ring();
        Assert.That(rig.System.Started[^1].Command, Is.EqualTo(new[] { "/releases/1/server", "4000" }));
    }

    [Test]
    public void A_release_that_was_ready_for_a_moment_only_is_not_good()
    {
        using Rig rig = new(o => o with { FallbackAfter = 1 });
        rig.Reach(State.Ready);
        rig.Pass(50);
        rig.Files.Current = "/releases/2";
        rig.Die();
        rig.Ring();
        FailStarts(rig, 2);
        Assert.That(rig.System.Started.Select(r => r.Command[0]), Has.All.EqualTo("server"));
    }

    [Test]
    public void The_good_release_is_of_no_use_when_it_is_the_same_or_gone()
    {
        using (Rig same = new(o => o with { FallbackAfter = 1 }))
        {
            same.Reach(State.Ready);
            same.Pass(61);
            same.Die();
            same.Ring();
            FailStarts(same, 2);
            Assert.That(same.System.Started.Select(r => r.Command[0]), Has.All.EqualTo("server"));
        }

        using Rig gone = new(o => o with { FallbackAfter = 1 });
        gone.Reach(State.Ready);
        gone.Pass(61);
        gone.Files.Current = "/releases/2";
        gone.Files.Missing.Add("/releases/1/server");
        gone.Die();
        gone.Ring();
        FailStarts(gone, 2);
        Assert.That(gone.System.Started.Select(r => r.Command[0]), Has.All.EqualTo("server"));
    }

    [Test]
    public void A_seamless_server_that_has_rebooted_into_a_bad_release_is_counted_too()
    {
        using Rig rig = new(o => o with { FallbackAfter = 2 });
        rig.Begin();
        rig.SeamlessReady();
        rig.Pass(61);
        rig.Files.Current = "/releases/2";
        rig.Angel.OnSignal(1);
        Assert.That(rig.System.Done, Does.Contain("signal 1 to 1001"));
        rig.Say("RELOADING=1");
        rig.Die();
        rig.Ring();
        FailStarts(rig, 1);
        rig.Ring();
        Assert.That(rig.System.Started[^1].Command[0], Is.EqualTo("/releases/1/server"));
    }

    [Test]
    public void A_reboot_that_was_called_off_does_not_make_the_new_release_the_good_one()
    {
        using Rig rig = new(o => o with { FallbackAfter = 1 });
        rig.Begin();
        rig.SeamlessReady(generation: 3);
        rig.Files.Current = "/releases/2";
        rig.Angel.OnSignal(1);
        rig.SeamlessReady(generation: 3);
        rig.Pass(61);
        rig.Die();
        rig.Ring();
        FailStarts(rig, 1);
        rig.Ring();
        Assert.That(rig.System.Started[^1].Command[0], Is.EqualTo("/releases/1/server"));
    }

    [Test]
    public void A_reboot_that_went_well_makes_the_new_release_the_good_one_in_time()
    {
        using Rig rig = new(o => o with { FallbackAfter = 1 });
        rig.Begin();
        rig.SeamlessReady(generation: 0);
        rig.Files.Current = "/releases/2";
        rig.Angel.OnSignal(1);
        rig.SeamlessReady(generation: 1);
        rig.Pass(61);
        rig.Files.Current = "/releases/3";
        rig.Die();
        rig.Ring();
        FailStarts(rig, 1);
        rig.Ring();
        Assert.That(rig.System.Started[^1].Command[0], Is.EqualTo("/releases/2/server"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_seamless_fallback_is_replaced_by_the_command_after_a_checkpoint_when_a_reboot_is_asked_for(bool saysWhenItIsDone)
    {
        using Rig rig = new(o => o with { Fallback = _fallback, FallbackAfter = 1 });
        rig.Begin();
        rig.Die();
        rig.Ring();
        rig.SeamlessReady();
        List<string> answer = rig.Call("reboot");
        Assert.That(rig.System.Done[^1], Is.EqualTo("signal 34 to 1002"));
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
        if (saysWhenItIsDone)
            rig.Say("X_SEAMLESSREBOOT_CHECKPOINT=1");
        else
            rig.Pass(5);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to 1002"));
        rig.Die();
        rig.Ring();
        Assert.That(rig.System.Started[^1].Command[0], Is.EqualTo("server"));
        Assert.That(answer, Is.Empty);
        rig.SeamlessReady();
        Assert.That(answer[0], Does.Contain("\"ok\":true"));
        Assert.That(rig.Angel.Status().DeathsOfLate, Is.Empty, "nobody has died of itself");
    }

    [Test]
    public void Asking_for_a_reboot_while_nothing_runs_starts_the_command_at_once()
    {
        using Rig rig = new(o => o with { Fallback = _fallback, FallbackAfter = 5 });
        rig.Begin();
        FailStarts(rig, 2);
        Assert.That(rig.State, Is.EqualTo(State.Waiting));
        List<string> answer = rig.Call("reboot");
        Assert.That(rig.State, Is.EqualTo(State.Starting));
        rig.Ready();
        Assert.That(answer[0], Does.Contain("\"ok\":true"));
    }

    [Test]
    public void The_fallback_has_deaths_of_its_own()
    {
        using Rig rig = new(o => o with { Fallback = _fallback, FallbackAfter = 3, DeathLimit = 4 });
        rig.Begin();
        FailStarts(rig, 3);
        rig.Ring();
        FailStarts(rig, 3);
        Assert.That(rig.Angel.ExitCode, Is.Null);
        FailStarts(rig, 1);
        Assert.That(rig.Angel.ExitCode, Is.EqualTo(ExitCodes.GaveUp));
    }

    private static void FailStarts(Rig rig, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (rig.State == State.Waiting)
                rig.Pass(rig.Alarms.Remaining(Loop.Alarm.State)!.Value);
            rig.Die(11);
        }
    }
}
