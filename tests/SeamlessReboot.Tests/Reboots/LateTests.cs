using System.Diagnostics;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Nobody waits for a reboot that does not come: who is late holds up nobody else.</summary>
internal sealed class LateTests : RebooterFixture
{
    private static readonly TimeSpan _short = TimeSpan.FromMilliseconds(50);

    [Test]
    public async Task Everyone_else_is_served_while_one_session_is_busy_and_the_reboot_comes_when_it_is_done()
    {
        Image image = New(Options(freezeLimit: _short)).Register().Serve();
        Client other = Connect(image);
        await other.SaysAndHearsAsync("a\n", "1 a\n");
        TaskCompletionSource asked = new(), done = new();
        ScriptedSession busy = Busy(image, asked, done);
        Task<Legacy> reboot = image.RebootAsync();
        await asked.Task.Within();
        for (int line = 2; line <= 20; line++)
            await other.SaysAndHearsAsync("a\n", $"{line} a\n");
        done.SetResult();
        Image next = Next(await reboot).Register().Serve();
        Assert.That(busy.Calls, Is.EqualTo(new[] { "resume", "suspend", "capture" }), "It is asked once, and left alone until it has stopped.");
        await other.SaysAndHearsAsync("b\n", "21 b\n");
        Assert.That(next.Rebooter.LastReboot!.Pause, Is.LessThan(Limits.Long));
    }

    [Test]
    public async Task A_loop_that_is_late_holds_up_nobody_either()
    {
        Image image = New(Options(freezeLimit: _short)).Register().Serve();
        Client other = Connect(image);
        await other.SaysAndHearsAsync("a\n", "1 a\n");
        using SafePoint loop = image.Rebooter.AddSafePoint("loop");
        TaskCompletionSource asked = new(), done = new();
        done.SetResult();
        Busy(image, asked, done);
        Task<Legacy> reboot = image.RebootAsync();
        await asked.Task.Within();
        for (int line = 2; line <= 20; line++)
            await other.SaysAndHearsAsync("a\n", $"{line} a\n");
        // The loop has nothing to wait for: it comes round again and again.
        new Thread(() =>
        {
            while (!reboot.IsCompleted)
                loop.Poll();
        })
        { IsBackground = true }.Start();
        Next(await reboot).Register().Serve();
        await other.SaysAndHearsAsync("b\n", "21 b\n");
    }

    [Test]
    public async Task Work_in_the_gate_that_is_late_holds_up_nobody_either()
    {
        Image image = New(Options(freezeLimit: _short)).Register().Serve();
        IDisposable work = await image.Rebooter.EnterAsync();
        Task<Legacy> reboot = image.RebootAsync();
        Client other = Connect(image);
        for (int line = 1; line <= 20; line++)
        {
            await other.SaysAndHearsAsync("a\n", $"{line} a\n");
            (await image.Rebooter.EnterAsync()).Dispose();
        }

        work.Dispose();
        Next(await reboot).Register().Serve();
        await other.SaysAndHearsAsync("b\n", "21 b\n");
    }

    [Test]
    public async Task The_report_names_who_was_late()
    {
        Image image = New(Options(freezeLimit: _short, suspend: 4 * _short)).Register().Serve();
        Busy(image, new TaskCompletionSource(), new TaskCompletionSource());
        RebootException e = await CalledOffAsync(image);
        Assert.That(e.Message, Does.Contain("Not at a safe point after 0.2 s: session 1."));
        Assert.That(image.Rebooter.LastReboot!.Late, Is.EqualTo(new[] { "session 1" }));
    }

    [Test]
    public async Task A_late_session_is_told_farewell_by_policy()
    {
        Image image = New(Options(freezeLimit: _short, suspend: 2 * _short, late: LateSessionPolicy.Farewell)).Register().Serve();
        Client other = Connect(image);
        await other.SaysAndHearsAsync("a\n", "1 a\n");
        using SocketPair pair = SocketPair.Tcp();
        ScriptedSession busy = new(pair.Server) { OnSuspend = _ => new ValueTask(new TaskCompletionSource().Task) };
        image.Rebooter.Add(busy);
        Image next = Next(await image.RebootAsync()).Register().Serve();
        await other.SaysAndHearsAsync("b\n", "2 b\n");
        Assert.That(next.Rebooter.LastReboot!.SessionsLost.Single().Reason, Does.Contain("was not at a safe point after 0.1 s"));
        byte[] heard = new byte[100];
        int length = await pair.Client.ReceiveAsync(heard).Within();
        Assert.That(System.Text.Encoding.UTF8.GetString(heard, 0, length), Is.EqualTo("Farewell.\n"));
    }

    [Test]
    public async Task A_late_session_is_waited_for_by_policy()
    {
        Image image = New(Options(freezeLimit: _short, suspend: _short, late: LateSessionPolicy.Wait)).Register().Serve();
        TaskCompletionSource asked = new(), done = new();
        Busy(image, asked, done);
        Task<Legacy> reboot = image.RebootAsync();
        await asked.Task.Within();
        Client other = Connect(image);
        long began = Stopwatch.GetTimestamp();
        for (int line = 1; Stopwatch.GetElapsedTime(began) < 6 * _short; line++)
            await other.SaysAndHearsAsync("a\n", $"{line} a\n");
        done.SetResult();
        Next(await reboot).Register().Serve();
    }

    [Test]
    public async Task A_capture_that_never_returns_is_named_and_calls_it_off()
    {
        Image image = New(Options(captureTimeout: _short)).Register().Serve();
        Client other = Connect(image);
        await other.SaysAndHearsAsync("a\n", "1 a\n");
        using ManualResetEventSlim never = new();
        ScriptedSession hanging = new(Ends(SocketPair.Tcp()).Server);
        hanging.OnCapture = () =>
        {
            never.Wait();
            return new SessionSnapshot { UnreadInput = default, UnsentOutput = default };
        };
        image.Rebooter.Add(hanging);
        RebootException e = await CalledOffAsync(image);
        Assert.That(e.Stage, Is.EqualTo(RebootStage.Capture));
        Assert.That(e.Message, Does.Contain("Capture of session 2 has not returned after 0.05 s").And.Contain("RebooterOptions.CaptureTimeout"));
        await other.SaysAndHearsAsync("b\n", "2 b\n");
        never.Set(); // it returns at last, and must be resumed once more: the capture has stopped its writes
        await Limits.UntilAsync(() => hanging.Calls is [.., "capture", "resume", "resume"], "it is resumed again");
        await other.SaysAndHearsAsync("c\n", "3 c\n");
    }

    [Test]
    public async Task A_save_callback_that_never_returns_is_named()
    {
        Image image = New(Options(captureTimeout: _short)).Register();
        using ManualResetEventSlim never = new();
        image.Rebooter.Keep("mail", () =>
        {
            never.Wait();
            return "";
        }, _ => { });
        image.Serve();
        RebootException e = await CalledOffAsync(image);
        Assert.That(e.Message, Does.Contain("The save callback of the state 'mail' has not returned"));
        await Connect(image).SaysAndHearsAsync("a\n", "1 a\n");
        never.Set();
    }

    private ScriptedSession Busy(Image image, TaskCompletionSource asked, TaskCompletionSource done)
    {
        ScriptedSession busy = new(Ends(SocketPair.Tcp()).Server);
        busy.OnSuspend = _ =>
        {
            asked.TrySetResult();
            return new ValueTask(done.Task);
        };
        image.Rebooter.Add(busy);
        return busy;
    }
}
