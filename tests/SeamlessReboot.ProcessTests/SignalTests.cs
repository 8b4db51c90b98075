using System.Diagnostics;
using System.Globalization;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>Signals that come while the server reboots: none kills it, and each is handled once.</summary>
internal sealed class SignalTests : ProcessTest
{
    private const string NoSignal = "0000000000000000";
    private static readonly Signal[] _burst = [Signal.Usr1, Signal.Usr2, Signal.Alrm, Signal.Winch, Signal.Realtime, Signal.Realtime, Signal.Realtime];

    /// <summary>How many reboots; more in the run before a change lands.</summary>
    private static int Rounds { get; } = int.Parse(Environment.GetEnvironmentVariable("SIGNAL_ROUNDS") ?? "25", CultureInfo.InvariantCulture);

    [Test]
    public async Task At_any_moment_of_a_reboot_a_signal_is_handled_exactly_once()
    {
        ServerProcess server = await StartAsync("--handle", "10");
        TimeSpan duration = await MeasureAsync(server);
        Random random = new(1);
        for (int round = 1; round <= Rounds; round++)
        {
            await RebootAndSendAsync(server, random.NextDouble() * 1.2 * duration, Signal.Usr1);
            await ExpectAsync(server, Signal.Usr1, round);
        }

        Assert.That(server.Logs("CalledOff"), Is.Empty);
        // A thread that is given no processor for a quarter of a second is not waited for; its signals are handled once all the same.
        await TestContext.Out.WriteLineAsync($"{Rounds} signals handled once; {server.Logs("Signals").Count} times not every thread was reached in time");
    }

    [Test]
    public async Task At_any_moment_of_a_reboot_each_signal_of_a_burst_is_handled_exactly_once()
    {
        ServerProcess server = await StartAsync("--handle", "10,12,14,28,40");
        TimeSpan duration = await MeasureAsync(server);
        Random random = new(2);
        for (int round = 1; round <= Rounds; round++)
        {
            await RebootAndSendAsync(server, random.NextDouble() * 1.2 * duration, _burst);
            foreach (Signal signal in _burst)
                await ExpectAsync(server, signal, round * _burst.Count(s => s == signal));
        }
    }

    [Test]
    public async Task At_any_moment_of_a_reboot_SIGTERM_ends_the_server_in_order()
    {
        Random random = new(3);
        TimeSpan duration = await MeasureAsync(await StartAsync("--handle", "15"));
        for (int round = 1; round <= Rounds; round++)
        {
            ServerProcess server = await StartAsync("--handle", "15", "--spool", Workspace.File($"spool-{round}"));
            server.Send(Signal.Hup);
            await PassAsync(random.NextDouble() * 1.2 * duration);
            server.Send(Signal.Term);
            Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Transcript());
            await ExpectAsync(server, Signal.Term, 1);
        }
    }

    [Test]
    public async Task At_any_moment_of_a_reboot_that_is_called_off_a_signal_is_handled_exactly_once()
    {
        string program = Workspace.Write("next", "#!/bin/sh\n", executable: true);
        ServerProcess server = await StartForCommandAsync(program, "--handle", "10");
        Client client = await ConnectAsync(server);
        File.WriteAllText(program, "no program");
        await server.RebootInVainAsync();
        long start = Stopwatch.GetTimestamp();
        await server.RebootInVainAsync();
        TimeSpan duration = Stopwatch.GetElapsedTime(start);
        Random random = new(4);
        for (int round = 1; round <= Rounds; round++)
        {
            int since = server.Now;
            server.Send(Signal.Hup);
            await PassAsync(random.NextDouble() * 1.2 * duration);
            server.Send(Signal.Usr1);
            await server.CalledOffAsync(since);
            await ExpectAsync(server, Signal.Usr1, round);
        }

        Assert.That(server.Proc.StatusOfThreads("SigBlk"), Has.All.EqualTo(NoSignal));
        await client.SayAsync("hello");
    }

    [Test]
    public async Task SIGTERM_while_sessions_are_suspended_calls_the_reboot_off_and_ends_the_server_in_order([Values(Signal.Term, Signal.Int)] Signal signal)
    {
        if (IsIgnoredHere(signal))
            Assert.Ignore("Whoever runs these tests ignores it, as a shell does for what it runs in the background; so the server does, too.");
        ServerProcess server = await StartAsync("--handle", $"{(int)signal}");
        Client busy = await ConnectAsync(server), other = await ConnectAsync(server);
        await other.SayAsync("hello");
        await Hold.BeginAsync(Workspace, busy);
        server.Send(Signal.Hup);
        await server.EventAsync(e => e.Name == "suspending", "suspending");
        await other.SendAsync("are you there?\n");
        server.Send(signal);
        ServerEvent calledOff = await server.CalledOffAsync(0);
        Assert.That(calledOff.Text("stage"), Is.EqualTo("Suspend"));
        Assert.That(calledOff.Message, Does.Contain($"SIG{signal.ToString().ToUpperInvariant()} has come"));
        await ExpectAsync(server, signal, 1);
        if (signal == Signal.Term)
            Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Transcript());
        else
            await other.ExpectAnswerAsync("are you there?");
    }

    [Test]
    public async Task Signals_that_come_while_the_next_version_starts_wait_for_Ready()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--handle", "10,12,15,40");
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        await gap.RebootAsync(server, () =>
        {
            foreach (Signal signal in new[] { Signal.Usr1, Signal.Realtime, Signal.Realtime, Signal.Usr2 })
                server.Send(signal);
            return Task.CompletedTask;
        });
        await ExpectAsync(server, Signal.Usr1, 1);
        await ExpectAsync(server, Signal.Usr2, 1);
        await ExpectAsync(server, Signal.Realtime, 2);
        Assert.That(server.Proc.StatusOfThreads("SigBlk"), Has.All.EqualTo(NoSignal));
        Assert.That(await client.AskAsync("!child-report grep SigBlk /proc/self/status"), Does.EndWith("SigBlk:\t" + NoSignal));
        server.Send(Signal.Hup);
        await gap.EnterAsync();
        server.Send(Signal.Term);
        await gap.LeaveAsync();
        Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Transcript());
        await ExpectAsync(server, Signal.Term, 1);
    }

    [Test]
    public async Task A_handler_that_is_registered_after_Ready_gets_what_came_before()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--handle-late", "15,10");
        foreach (Signal signal in new[] { Signal.Usr1, Signal.Term })
        {
            await Limits.UntilAsync(() => Catches(server, Signal.Usr1), "the handlers are registered");
            server.Send(Signal.Hup);
            await gap.EnterAsync();
            server.Send(signal);
            await gap.LeaveAsync();
            await ExpectAsync(server, signal, 1);
        }

        Assert.That(await server.ExitCodeAsync(), Is.Zero, server.Transcript());
    }

    [Test]
    public async Task A_signal_that_the_next_version_does_not_handle_does_not_kill_it()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--handle-first", "10,40");
        Client client = await ConnectAsync(server);
        await gap.RebootAsync(server, () =>
        {
            server.Send(Signal.Usr1);
            return Task.CompletedTask;
        });
        ServerEvent log = await server.LogAsync("Signals");
        Assert.That(log.Message, Does.Contain("signal 10 came during the reboot"));
        await Limits.UntilAsync(() => server.Proc.StatusOfThreads("SigBlk").All(b => b == NoSignal), "nothing is blocked any more");
        await client.SayAsync("hello");
    }

    [Test]
    public async Task SIGTERM_kills_a_server_that_does_not_handle_it_as_it_does_without_a_reboot()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--handle", "10");
        server.Send(Signal.Hup);
        await gap.EnterAsync();
        server.Send(Signal.Term);
        Assert.That(await server.ExitCodeAsync(), Is.EqualTo(128 + (int)Signal.Term), server.Transcript());
    }

    [Test]
    public async Task A_handler_that_does_not_return_calls_the_reboot_off_and_one_that_does_is_waited_for()
    {
        string fifo = Workspace.File("slow");
        await Shell.RunAsync("mkfifo", fifo);
        ServerProcess server = await StartAsync("--handle", "10", "--slow-handlers", fifo);
        Client busy = await ConnectAsync(server);
        await busy.SayAsync("hello");
        for (int round = 1; round <= 2; round++)
        {
            Hold hold = await Hold.BeginAsync(Workspace, busy);
            int since = server.Now;
            server.Send(Signal.Hup);
            await server.EventAsync(e => e.Name == "suspending", "suspending", since);
            server.Send(Signal.Usr1);
            await server.EventAsync(e => e.Name == "signal-came", "signal-came", since);
            if (round == 2)
                await Task.Run(() => File.WriteAllText(fifo, "go on")).WaitAsync(Limits.Wait);
            await hold.ReleaseAsync();
            if (round == 1)
            {
                Assert.That((await server.CalledOffAsync(since)).Message, Does.Contain("The handler of signal 10 has not returned after"));
                await Task.Run(() => File.WriteAllText(fifo, "go on")).WaitAsync(Limits.Wait);
            }
            else
            {
                await server.ReadyAsync(1);
            }

            await ExpectAsync(server, Signal.Usr1, round);
        }
    }

    private static async Task<TimeSpan> MeasureAsync(ServerProcess server)
    {
        await server.RebootAsync();
        long start = Stopwatch.GetTimestamp();
        await server.RebootAsync();
        return Stopwatch.GetElapsedTime(start);
    }

    private static async Task RebootAndSendAsync(ServerProcess server, TimeSpan after, params Signal[] signals)
    {
        int next = server.Ready.Generation + 1;
        server.Send(Signal.Hup);
        await PassAsync(after);
        foreach (Signal signal in signals)
            server.Send(signal);
        await server.ReadyAsync(next);
    }

    // Not Task.Delay, whose ticks are coarser than what is to be hit.
    private static Task PassAsync(TimeSpan time) => Task.Run(() => Thread.Sleep(time));

    /// <summary>Waits until a signal has been handled so often. That it was once too often shows at the latest in the next round.</summary>
    private static async Task ExpectAsync(ServerProcess server, Signal signal, int times)
    {
        int handled = await server.CountAsync(e => IsHandled(e, signal), times, $"{signal} handled {times} times");
        Assert.That(handled, Is.EqualTo(times), server.Transcript());
    }

    private static bool IsHandled(ServerEvent e, Signal signal) => e.Name == "signal" && e.Number("number") == (int)signal;

    private static bool Catches(ServerProcess server, Signal signal) =>
        (Convert.ToUInt64(server.Proc.Status("SigCgt"), 16) >> ((int)signal - 1) & 1) != 0;

    private static bool IsIgnoredHere(Signal signal)
    {
        string line = File.ReadLines("/proc/self/status").Single(l => l.StartsWith("SigIgn:", StringComparison.Ordinal));
        return (Convert.ToUInt64(line[7..].Trim(), 16) >> ((int)signal - 1) & 1) != 0;
    }
}
