using SeamlessReboot.Angel.Tests.Support;

namespace SeamlessReboot.Angel.Tests.Core;

/// <summary>Signs of life, readiness, and who may speak.</summary>
internal sealed class MonitoringTests
{
    [Test]
    public void A_server_without_a_heartbeat_is_aborted_then_killed_then_started_again()
    {
        using Rig rig = new(o => o with { Watchdog = TimeSpan.FromSeconds(10) });
        rig.Reach(State.Ready);
        for (int i = 0; i < 5; i++)
        {
            rig.Pass(9);
            rig.Say("WATCHDOG=1");
        }

        Assert.That(rig.State, Is.EqualTo(State.Ready));
        rig.Pass(10);
        Assert.That(rig.System.Done, Is.EqualTo(new[] { "signal 6 to 1001" }));
        rig.Pass(2);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to 1001"));
        rig.Die();
        rig.Ring();
        Assert.That(rig.State, Is.EqualTo(State.Starting));
    }

    [Test]
    public void The_watchdog_counts_from_readiness_and_rests_in_a_reboot()
    {
        using Rig rig = new(o => o with { Watchdog = TimeSpan.FromSeconds(10), Notifies = true });
        rig.Begin();
        rig.Pass(50);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
        rig.Ready();
        rig.Say("RELOADING=1");
        rig.Pass(50);
        Assert.That(rig.State, Is.EqualTo(State.Reloading));
        rig.Ready();
        rig.Pass(10);
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
    }

    [Test]
    public void A_heartbeat_that_has_arrived_counts_although_it_is_not_read_yet()
    {
        using Rig rig = new(o => o with { Watchdog = TimeSpan.FromSeconds(10) });
        rig.Reach(State.Ready);
        rig.System.WhenNotificationsAreRead = () => rig.Say("WATCHDOG=1");
        rig.Pass(10);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        rig.System.WhenNotificationsAreRead = () => { };
        rig.Pass(10);
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
    }

    [Test]
    public void After_a_freeze_the_watchdog_begins_anew()
    {
        using Rig rig = new(o => o with { Watchdog = TimeSpan.FromSeconds(10) });
        rig.Reach(State.Ready);
        rig.Pass(9);
        rig.Freeze(3600);
        rig.Pass(9);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        Assert.That(rig.Log, Has.Some.Contains("has not run for 3600 s"));
        rig.Pass(1);
        Assert.That(rig.State, Is.EqualTo(State.Aborting), "a hang is a hang");
    }

    [Test]
    public void A_freeze_takes_no_time_off_any_limit([Values(State.Starting, State.Reloading, State.RollingOver, State.Aborting, State.Leaving, State.Stopping)] State state)
    {
        using Rig rig = new(o => o with { Notifies = true });
        rig.Reach(state);
        TimeSpan left = rig.Alarms.Remaining(Loop.Alarm.State)!.Value;
        rig.Freeze(3600);
        Assert.That(rig.Alarms.Remaining(Loop.Alarm.State), Is.EqualTo(left));
        rig.Ring();
        Assert.That(rig.State, Is.EqualTo(state));
    }

    [Test]
    public void A_probe_that_was_under_way_in_a_freeze_proves_nothing()
    {
        using Rig rig = new(o => o with { Probe = new Uri("tcp://127.0.0.1:1"), ProbeFailures = 1 });
        rig.Reach(State.Ready);
        rig.Pass(10);
        rig.Freeze(60);
        rig.Angel.OnProbeAnswered(1001, "no answer");
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        rig.Pass(10);
        rig.Angel.OnProbeAnswered(1001, "no answer");
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
    }

    [Test]
    public void A_freeze_is_a_turn_that_comes_much_too_late()
    {
        ManualTime time = new();
        using Loop.Alarms alarms = new(time, () => { });
        Loop.FreezeWatch watch = new(alarms, time);
        watch.Arm(null);
        time.Pass(TimeSpan.FromHours(1));
        Assert.That(watch.Turn(), Is.Null, "nothing was to be missed");
        alarms.Set(Loop.Alarm.Watchdog, TimeSpan.FromSeconds(4));
        watch.Arm(TimeSpan.FromSeconds(4));
        time.Pass(TimeSpan.FromSeconds(1.4));
        Assert.That(watch.Turn(), Is.Null, "busy");
        watch.Arm(TimeSpan.FromSeconds(4));
        time.Pass(TimeSpan.FromSeconds(2));
        Assert.That(watch.Turn(), Is.EqualTo(TimeSpan.FromSeconds(2)));
        Assert.That(alarms.Remaining(Loop.Alarm.Pulse), Is.LessThan(TimeSpan.Zero));
    }

    [Test]
    public void A_server_can_choose_its_own_watchdog()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.Say("WATCHDOG_USEC=2000000");
        rig.Pass(2);
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
    }

    [TestCase(0, false)]
    [TestCase(1, true)]
    public void A_reboot_that_the_server_has_called_off_was_none(int generation, bool isReboot)
    {
        using Rig rig = new();
        rig.Begin();
        rig.SeamlessReady();
        List<string> answers = rig.Call("reboot");
        rig.Say("RELOADING=1");
        rig.SeamlessReady(generation);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        Assert.That(answers, Has.Count.EqualTo(1));
        Assert.That(answers[0], Does.Contain($"\"ok\":{(isReboot ? "true" : "false")}"));
        Assert.That(answers[0].Contains("called its reboot off", StringComparison.Ordinal), Is.EqualTo(!isReboot));
    }

    [Test]
    public void A_reboot_that_takes_too_long_is_ended()
    {
        using Rig rig = new();
        rig.Reach(State.Reloading);
        rig.Pass(60);
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
    }

    [Test]
    public void More_time_is_given_to_who_asks()
    {
        using Rig rig = new(o => o with { Notifies = true });
        rig.Begin();
        rig.Pass(50);
        rig.Say("EXTEND_TIMEOUT_USEC=60000000");
        rig.Pass(59);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
        rig.Pass(2);
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
    }

    [Test]
    public void One_that_has_spoken_is_waited_for_beyond_the_start_delay()
    {
        using Rig rig = new();
        rig.Begin();
        rig.Say("STATUS=loading the world");
        rig.Pass(30);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
        rig.Ready();
        Assert.That(rig.State, Is.EqualTo(State.Ready));
    }

    [Test]
    public void Once_one_was_ready_by_its_own_word_silence_is_not_taken_for_readiness()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.Die();
        rig.Ring();
        rig.Pass(59);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
    }

    [Test]
    public void So_many_failed_probes_in_a_row_are_a_hang()
    {
        using Rig rig = new(o => o with { Probe = new Uri("tcp://127.0.0.1:1") });
        rig.Reach(State.Ready);
        foreach (string? fault in (string?[])["no", "no", null, "no", "no"])
        {
            rig.Pass(10);
            Assert.That(rig.System.Done[^1], Is.EqualTo("probe 1001"));
            rig.Angel.OnProbeAnswered(1001, fault);
        }

        Assert.That(rig.State, Is.EqualTo(State.Ready));
        rig.Pass(10);
        rig.Angel.OnProbeAnswered(1001, "still no");
        Assert.That(rig.State, Is.EqualTo(State.Aborting));
        Assert.That(rig.Log, Has.Some.Contains("still no"));
    }

    [Test]
    public void The_answer_to_a_probe_of_the_one_before_does_not_count()
    {
        using Rig rig = new(o => o with { Probe = new Uri("tcp://127.0.0.1:1"), ProbeFailures = 1 });
        rig.Reach(State.Ready);
        rig.Pass(10);
        rig.Die();
        rig.Ring();
        rig.Ready();
        rig.Angel.OnProbeAnswered(1001, "dead, of course");
        Assert.That(rig.State, Is.EqualTo(State.Ready));
    }

    [Test]
    public void Only_the_server_itself_is_heard()
    {
        using Rig rig = new(o => o with { Notifies = true });
        rig.Begin();
        rig.Say("READY=1", pid: 4711);
        rig.Say("READY=1", pid: 0);
        Assert.That(rig.State, Is.EqualTo(State.Starting));
        Assert.That(rig.Angel.Status().Refused, Is.EqualTo(2));
    }

    [Test]
    public void Refused_messages_do_not_fill_the_log()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        int before = rig.Log.Count;
        for (int i = 0; i < 10_000; i++)
            rig.Say("STATUS=spam", pid: 4711);
        Assert.That(rig.Log, Has.Count.EqualTo(before + 1));
        rig.Pass(61);
        Assert.That(rig.Log[^1], Does.Contain("9999 more messages"));
        rig.Pass(300);
        Assert.That(rig.Log, Has.Count.EqualTo(before + 2), "silence is not worth a line");
    }

    [Test]
    public void A_main_process_that_names_another_may_exit()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.System.Descendants.Add(2000);
        rig.Say("MAINPID=2000");
        rig.Exit(0, pid: 1001);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        rig.Say("STATUS=I am it", pid: 2000);
        Assert.That(rig.Angel.Status().StatusText, Is.EqualTo("I am it"));
        Assert.That(rig.System.Done, Is.EqualTo(new[] { "watch 2000" }), "nobody is killed");
        rig.Die(9, pid: 2000);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to group 1001").And.Contain("signal 9 to group 7000"));
        Assert.That(rig.State, Is.EqualTo(State.Waiting));
    }

    [Test]
    public void A_foreign_process_named_by_MAINPID_is_ignored()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        rig.Say("MAINPID=2000");
        Assert.That(rig.Angel.Status().ChildPid, Is.EqualTo(1001));
        Assert.That(rig.Log[^1], Does.Contain("2000"));
    }

    [Test]
    public void A_server_that_says_that_it_ends_and_does_not_is_killed()
    {
        using Rig rig = new();
        rig.Reach(State.Leaving);
        rig.Pass(20);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to 1001"));
    }

    [Test]
    public void A_second_signal_to_end_is_passed_on_too()
    {
        using Rig rig = new();
        rig.Reach(State.Ready);
        List<string> answer = rig.Call("stop");
        rig.Angel.OnSignal(2);
        Assert.That(rig.System.Done, Is.EqualTo(new[] { "signal 15 to 1001", "signal 18 to 1001", "signal 2 to 1001" }));
        rig.Pass(20);
        Assert.That(rig.System.Done, Does.Contain("signal 9 to 1001"));
        Assert.That(answer, Is.Empty);
        rig.Die();
        Assert.That(answer[0], Does.Contain("\"ok\":true"));
        Assert.That(rig.Angel.ExitCode, Is.EqualTo(137));
    }

    [Test]
    public void A_log_that_cannot_be_written_ends_nobody()
    {
        using Rig rig = new();
        AngelHost host = new() { Log = (_, _) => throw new IOException("disk full"), WhenReady = _ => throw new IOException("gone") };
        Angel angel = new(rig.Options, host, rig.System, rig.Alarms, rig.Store, new Children.Releases(rig.Options, rig.Files, "/srv"), rig.Time);
        angel.Begin();
        angel.OnNotification(1001, "READY=1"u8, []);
        Assert.That(angel.State, Is.EqualTo(State.Ready));
    }

    [TestCase("9", 9)]
    [TestCase("KILL", 9)]
    [TestCase("sigusr1", 10)]
    [TestCase("65", null)]
    [TestCase("0", null)]
    [TestCase("", null)]
    [TestCase("NONSENSE", null)]
    public void A_signal_is_named_or_numbered(string text, int? number) => Assert.That(SignalName.Parse(text), Is.EqualTo(number));

    [Test]
    public void Each_request_is_answered()
    {
        using Rig rig = new();
        rig.Begin();
        rig.SeamlessReady(5);
        IReadOnlyList<string> written = rig.Call("checkpoint"), failed;
        Assert.That(rig.System.Done[^1], Is.EqualTo("signal 34 to 1001"));
        Assert.That(written, Is.Empty, "Only when it is done.");
        rig.Say("X_SEAMLESSREBOOT_CHECKPOINT=1");
        Assert.That(written[0], Does.Contain("\"ok\":true"));
        failed = rig.Call("checkpoint");
        rig.Say("X_SEAMLESSREBOOT_CHECKPOINT=0");
        Assert.That(failed[0], Does.Contain("\"ok\":false"));
        Assert.That(rig.Call("kill", "USR2")[0], Does.Contain("\"ok\":true"));
        Assert.That(rig.System.Done[^1], Is.EqualTo("signal 12 to 1001"));
        Assert.That(rig.Call("kill", "what")[0], Does.Contain("\"ok\":false"));
        Assert.That(rig.Call("dance")[0], Does.Contain("\"ok\":false"));
        Assert.That(rig.Call("status")[0], Does.Contain("\"state\":\"Ready\"").And.Contain("\"generation\":5").And.Contain("\"childPid\":1001"));
    }

    [Test]
    public void A_reboot_asked_for_while_the_server_starts_is_done_when_it_is_ready()
    {
        using Rig rig = new();
        rig.Begin();
        List<string> answer = rig.Call("reboot");
        Assert.That(rig.State, Is.EqualTo(State.Starting));
        rig.SeamlessReady(0);
        Assert.That(rig.State, Is.EqualTo(State.Reloading));
        Assert.That(rig.System.Done.Count(d => d.StartsWith("signal", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(answer, Is.Empty);
        rig.SeamlessReady(1);
        Assert.That(rig.State, Is.EqualTo(State.Ready));
        Assert.That(answer[0], Does.Contain("\"ok\":true"));
    }

    [Test]
    public void A_seamless_server_without_a_reboot_signal_is_not_rebooted_and_the_log_says_what_to_set()
    {
        using Rig rig = new();
        rig.Begin();
        rig.Say("READY=1\nX_SEAMLESSREBOOT=1\nX_SEAMLESSREBOOT_GENERATION=0");
        Assert.That(rig.Call("reboot")[0], Does.Contain("\"ok\":false").And.Contain("RebooterOptions.RebootSignals"));
        Assert.That(rig.State, Is.EqualTo(State.Ready));
    }
}
