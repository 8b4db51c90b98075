using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>A failure that the application hands over, or that nobody has caught: the server reboots instead of dying.</summary>
internal sealed class CrashTests : RebooterFixture
{
    private readonly InvalidOperationException _failure = new("boom");

    [Test]
    public async Task The_first_crash_brings_everyone_back_the_second_all_but_the_culprit_the_third_nobody_and_the_fourth_lets_it_die()
    {
        Image image = New().Register().Serve();
        Client guilty = Connect(image);
        await guilty.SaysAndHearsAsync("x\n", "1 x\n");
        Client innocent = Connect(image);
        await innocent.SaysAndHearsAsync("x\n", "1 x\n");

        image = Next(await image.CrashAsync(_failure, image.Rebooter.GetSessions()[0])).Register().Serve();
        Assert.That((image.Rebooter.LastReboot!.AfterCrash, image.Rebooter.LastReboot.Reason), Is.EqualTo((true, "crash: InvalidOperationException: boom")));
        await guilty.SaysAndHearsAsync("y\n", "2 y\n");
        await innocent.SaysAndHearsAsync("y\n", "2 y\n");

        image = Next(await image.CrashAsync(_failure, image.Rebooter.GetSessions()[0])).Register().Serve();
        await guilty.HearAsync("Farewell.\n");
        await guilty.HearsTheEndAsync();
        await innocent.SaysAndHearsAsync("z\n", "3 z\n");
        Assert.That(image.Rebooter.LastReboot!.SessionsLost.Single().Reason, Does.Contain("when the server crashed"));

        image.World = "suspect";
        image = Next(await image.CrashAsync(_failure, image.Rebooter.GetSessions()[0])).Register().Serve();
        await innocent.HearAsync("Farewell.\n");
        Assert.That((image.Rebooter.SessionCount, image.World, image.Rebooter.Generation), Is.EqualTo((0, "made at the cold start", 3)));
        await Connect(image).SaysAndHearsAsync("new\n", "1 new\n");

        Assert.That(image.Rebooter.RebootAfter(_failure), Is.False);
        Assert.That(image.Process.Executed.IsCompleted, Is.False);
        Assert.That(image.Log.Has("the process dies"));
    }

    [Test]
    public async Task A_crash_whose_reboot_fails_says_so_to_the_caller()
    {
        Image image = New().Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("x\n", "1 x\n");
        image.Process.OnExecute = _ => throw new SyscallException("execve", 2);
        Assert.That(await Task.Run(() => image.Rebooter.RebootAfter(_failure)).Within(), Is.False);
        Assert.That(image.Rebooter.LastReboot!.CalledOff!.Stage, Is.EqualTo(RebootStage.Exec));
        Assert.That(image.Rebooter.LastReboot.AfterCrash);
        await client.SaysAndHearsAsync("y\n", "2 y\n");
    }

    [Test]
    public async Task A_crash_before_Ready_passes_everything_on_to_the_next_attempt()
    {
        Image image = New().Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("x\n", "1 x\n");
        Image broken = Next(await image.RebootAsync()).Register();
        Image next = Next(await broken.CrashAsync(_failure)).Register().Serve();
        await client.SaysAndHearsAsync("y\n", "2 y\n");
        Assert.That((next.Rebooter.Generation, next.Rebooter.LastReboot!.AfterCrash), Is.EqualTo((1, true)));
    }

    [Test]
    public void A_crash_at_the_first_start_is_nothing_that_a_reboot_would_mend()
    {
        Image image = New().Register();
        Assert.That(image.Rebooter.RebootAfter(_failure), Is.False);
        Assert.That(image.Log.Has("before the first Ready"));
    }

    [Test]
    public async Task A_session_that_never_stops_and_a_state_that_cannot_be_saved_do_not_hinder_the_others()
    {
        Image image = New();
        image.Rebooter.Keep<int>("mail", () => throw new InvalidDataException("half written"), _ => { });
        image.Register().Serve();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.Add(new ScriptedSession(pair.Server) { OnSuspend = async _ => await Task.Delay(Timeout.Infinite, CancellationToken.None) });
        Client client = Connect(image);
        await client.SaysAndHearsAsync("x\n", "1 x\n");
        Image next = Next(await image.CrashAsync(_failure)).Register().Serve();
        await client.SaysAndHearsAsync("y\n", "2 y\n");
        Assert.That(image.Log.Has("The system state 'mail' could not be saved after the crash"));
        Assert.That(next.World, Is.EqualTo("made at the cold start"));
    }

    [Test]
    public async Task A_session_whose_own_RunAsync_throws_ends_alone()
    {
        Image image = New().Register().Serve();
        Client bad = Connect(image), good = Connect(image);
        await good.SaysAndHearsAsync("x\n", "1 x\n");
        bad.Say("throw\n");
        await bad.HearsTheEndAsync();
        await Limits.UntilAsync(() => image.Rebooter.SessionCount == 1, "it is removed");
        Assert.That(image.Log.Has("ended by an exception: as told"));
        await good.SaysAndHearsAsync("x\n", "2 x\n");
        Assert.That(image.Rebooter.LastReboot, Is.Null);
    }

    [Test]
    public async Task A_crash_after_a_quiet_window_counts_from_the_beginning()
    {
        Image image = New().Register().Serve();
        Client client = Connect(image);
        await client.SaysAndHearsAsync("x\n", "1 x\n");
        Legacy legacy = await image.CrashAsync(_failure);
        Legacy longAgo = legacy with { Note = legacy.Note with { Crashes = [.. legacy.Note.Crashes.Select(c => c with { Second = c.Second - 100 })] } };
        image = Next(longAgo).Register().Serve();
        image = Next(await image.CrashAsync(_failure)).Register().Serve();
        await client.SaysAndHearsAsync("y\n", "2 y\n");
    }
}
