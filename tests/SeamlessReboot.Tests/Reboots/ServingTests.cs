using System.Net;
using System.Net.Sockets;
using SeamlessReboot.Posix;
using SeamlessReboot.Tests.Sessions;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

internal sealed class ServingTests : RebooterFixture
{
    [Test]
    public async Task A_second_request_is_refused_while_one_is_under_way()
    {
        Image image = New().Register().Serve();
        await image.RebootAsync();
        Assert.That(image.Rebooter.RequestReboot("again"), Is.False);
        Assert.That(image.Log.Has("Reboot refused (again): A reboot is under way already (test)."));
        RebootException e = await CalledOffAsync(image);
        Assert.That((e.Stage, e.Message), Is.EqualTo((RebootStage.Request, "A reboot is under way already (test).")));
        Assert.That(() => image.Rebooter.CheckReboot(), Throws.TypeOf<RebootException>());
    }

    [Test]
    public async Task A_request_before_Ready_is_taken_up_by_it()
    {
        Image image = New().Register();
        Assert.That(image.Rebooter.RequestReboot("early"));
        Assert.That(image.Process.Executed.IsCompleted, Is.False);
        image.Serve();
        FakeProcess.Execution execution = await image.Process.Executed.Within();
        Assert.That(SeamlessReboot.Descriptors.Inheritance.Decode(execution.Inheritance)!.Reason, Is.EqualTo("early"));
    }

    [Test]
    public async Task A_request_can_be_made_from_within_a_session()
    {
        Image image = New().Register().Serve();
        using SocketPair pair = SocketPair.Tcp();
        image.Rebooter.Add(new ScriptedSession(pair.Server) { OnResume = () => image.Rebooter.RequestReboot("by a session") });
        await image.Process.Executed.Within();
    }

    [Test]
    public async Task Adding_and_removing_wait_while_a_reboot_is_captured_and_are_done_when_it_is_called_off()
    {
        using ManualResetEventSlim go = new();
        TaskCompletionSource captured = new();
        Image image = New(Options(flush: _ =>
        {
            captured.SetResult();
            go.Wait(CancellationToken.None);
            throw new IOException("called off");
        })).Register().Serve();
        using SocketPair first = SocketPair.Tcp(), second = SocketPair.Tcp();
        ScriptedSession old = new(first.Server), added = new(second.Server);
        image.Rebooter.Add(old);
        Task reboot = CalledOffAsync(image);
        await captured.Task.Within();
        Task adding = Task.Run(() => image.Rebooter.Add(added)), removing = Task.Run(() => image.Rebooter.Remove(old));
        Task<Socket> accepting = image.Rebooter.AcceptAsync(image.Listener!).AsTask();
        using Client client = image.Connect();
        Task<IDisposable> entering = image.Rebooter.EnterAsync().AsTask();
        Assert.That(await Task.WhenAny(adding, removing, accepting, entering).StaysPendingAsync());
        go.Set();
        await reboot.Within();
        await Task.WhenAll(adding, removing).Within();
        (await entering.Within()).Dispose();
        await Limits.UntilAsync(() => image.Rebooter.SessionCount >= 1, "it is added");
        Assert.That(image.Rebooter.GetSessions(), Does.Contain(added).And.Not.Contain(old));
        client.Dispose();
        image.Listener!.Dispose();
        await Task.WhenAny(accepting).Within();
    }

    [Test]
    public async Task From_within_a_reboot_adding_is_an_error_and_no_deadlock()
    {
        Image? image = null;
        using SocketPair pair = SocketPair.Tcp();
        image = New(Options(flush: _ =>
        {
            image!.Rebooter.Add(new ScriptedSession(pair.Server));
            return ValueTask.CompletedTask;
        })).Register().Serve();
        RebootException e = await CalledOffAsync(image);
        Assert.That((e.Stage, e.Message.Contains("added or removed from within a reboot", StringComparison.Ordinal)), Is.EqualTo((RebootStage.Flush, true)));
        Assert.That(image.Rebooter.SessionCount, Is.Zero);
    }

    [Test]
    public async Task A_session_that_a_reboot_called_off_has_run_again_is_no_part_of_the_next_one()
    {
        using ManualResetEventSlim go = new();
        TaskCompletionSource captured = new();
        int reboots = 0;
        Image image = New(Options(flush: _ =>
        {
            if (++reboots == 2)
            {
                captured.SetResult();
                go.Wait(CancellationToken.None);
            }

            throw new IOException("called off");
        })).Register().Serve();
        using SocketPair pair = SocketPair.Tcp(), other = SocketPair.Tcp();
        TaskCompletionSource removing = new(), removed = new();
        ScriptedSession victim = new(other.Server);
        image.Rebooter.Add(victim);
        int resumed = 0;
        image.Rebooter.Add(new ScriptedSession(pair.Server)
        {
            // The second Resume comes on the reboot's thread: what it starts must not pass for the reboot ever after.
            OnResume = () =>
            {
                if (++resumed == 2)
                    _ = Task.Run(async () =>
                    {
                        await removing.Task;
                        try
                        {
                            image.Rebooter.Remove(victim);
                            removed.SetResult();
                        }
                        catch (InvalidOperationException e)
                        {
                            removed.SetException(e);
                        }
                    });
            },
        });
        await CalledOffAsync(image);
        Task second = CalledOffAsync(image);
        await captured.Task.Within();
        removing.SetResult();
        Assert.That(await removed.Task.StaysPendingAsync(), "It waits as everybody else does.");
        go.Set();
        await second.Within();
        await removed.Task.Within();
        Assert.That(image.Rebooter.GetSessions(), Does.Not.Contain(victim));
    }

    [Test]
    public async Task A_session_added_while_others_are_still_stopping_comes_along()
    {
        Image image = New().Register().Serve();
        TaskCompletionSource suspending = new(), go = new();
        using SocketPair slow = SocketPair.Tcp(), late = SocketPair.Tcp();
        image.Rebooter.Add(new ScriptedSession(slow.Server)
        {
            OnSuspend = async _ =>
            {
                suspending.SetResult();
                await go.Task;
            },
        });
        Task<Legacy> reboot = image.RebootAsync();
        await suspending.Task.Within();
        image.Rebooter.Add(new EchoSession(late.Server));
        late.Say("x\n");
        go.SetResult();
        Next(await reboot.Within()).Register().Serve();
        Assert.That(await late.HearTextAsync(4), Is.EqualTo("1 x\n"));
    }

    [Test]
    public async Task A_session_that_is_added_in_the_last_moment_and_never_stops_does_not_hang_the_reboot()
    {
        Image image = New(Options(suspend: TimeSpan.FromMilliseconds(300))).Register().Serve();
        using SocketPair late = SocketPair.Tcp();
        IDisposable inside = await image.Rebooter.EnterAsync();
        Task<RebootException> reboot = CalledOffAsync(image);
        await Limits.UntilAsync(() => IsClosed(image.Rebooter), "the gate is closed");
        image.Rebooter.Add(new ScriptedSession(late.Server) { OnSuspend = async _ => await Task.Delay(Timeout.Infinite, CancellationToken.None) });
        inside.Dispose();
        await Task.WhenAny(reboot, image.Process.Executed).Within();
    }

    private static bool IsClosed(Rebooter rebooter)
    {
        using CancellationTokenSource cancel = new();
        Task<IDisposable> entering = rebooter.EnterAsync(cancel.Token).AsTask();
        if (entering.IsCompletedSuccessfully)
            entering.Result.Dispose();
        cancel.Cancel();
        return !entering.IsCompletedSuccessfully;
    }

    [Test]
    public async Task Loops_are_held_while_state_is_captured()
    {
        using SafePointTests.OneThread context = new();
        int ticks = 0, atCapture = -1, atFlush = -2;
        bool done = false;
        Image image = New(Options(flush: async _ =>
        {
            await Task.Delay(20, CancellationToken.None);
            atFlush = Volatile.Read(ref ticks);
            throw new IOException("called off");
        }));
        image.Register().Rebooter.Keep("ticks", () => atCapture = Volatile.Read(ref ticks), (int _) => { });
        image.Serve();
        SafePoint game = image.Rebooter.AddSafePoint("game");
        using SafePoint posted = image.Rebooter.AddSafePoint("posted", context);
        Task loop = Task.Factory.StartNew(() =>
        {
            for (; !Volatile.Read(ref done); Thread.Sleep(1))
            {
                game.Poll();
                Interlocked.Increment(ref ticks);
                context.Post(_ => Interlocked.Increment(ref ticks), null);
            }

            game.Dispose();
        }, TaskCreationOptions.LongRunning);
        for (int i = 0; i < 3; i++)
        {
            await CalledOffAsync(image);
            Assert.That(atFlush, Is.EqualTo(atCapture));
            int before = Volatile.Read(ref ticks);
            await Limits.UntilAsync(() => Volatile.Read(ref ticks) > before, "the loops run again");
        }

        Volatile.Write(ref done, true);
        await loop.Within();
        await CalledOffAsync(image);
    }

    [Test]
    public async Task AcceptAsync_can_be_cancelled_and_loses_no_client()
    {
        Image image = New().Register();
        image.Rebooter.Ready();
        using CancellationTokenSource cancel = new();
        Task<Socket> accepting = image.Rebooter.AcceptAsync(image.Listener!, cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await accepting.Within(), Throws.InstanceOf<OperationCanceledException>());
        using Client client = image.Connect();
        using Socket accepted = await image.Rebooter.AcceptAsync(image.Listener!).AsTask().Within();
        Assert.That(accepted.RemoteEndPoint, Is.EqualTo(client.Socket.LocalEndPoint));
    }

    [Test]
    public async Task Clients_are_accepted_through_many_reboots_that_are_called_off()
    {
        Image image = New().Register().Serve();
        image.Process.OnExecute = _ => throw new SyscallException("execve", 2);
        Task rebooting = Task.Run(async () =>
        {
            for (int i = 0; i < 20; i++)
                await CalledOffAsync(image);
        });
        for (int i = 0; i < 100; i++)
        {
            using Client client = image.Connect();
            await client.SaysAndHearsAsync($"{i}\n", $"1 {i}\n");
        }

        await rebooting.Within();
        await Limits.UntilAsync(() => image.Rebooter.SessionCount == 0, "all have ended");
    }

    [Test]
    public void An_abandoned_socket_file_is_replaced_and_one_in_use_is_not()
    {
        UnixDomainSocketEndPoint name = new(Temp["server"]);
        using (Socket crashed = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            crashed.Bind(name);
            File.Move(Temp["server"], Temp["kept"]); // or closing it would remove it
        }

        File.Move(Temp["kept"], Temp["server"]);
        Image image = New();
        image.Rebooter.Listen(name);
        using Socket second = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Assert.That(() => second.Bind(name), Throws.InstanceOf<SocketException>());
        Image other = New(Options(spool: Temp["other"]));
        Assert.That(() => other.Rebooter.Listen(name), Throws.InstanceOf<SocketException>());
        Assert.That(File.Exists(Temp["server"]));
    }

    [Test]
    public void The_stray_that_a_host_leaks_is_logged_with_what_it_is()
    {
        Image image = New().Register().Serve();
        using SocketPair pair = SocketPair.Tcp();
        int leak = Fd.Duplicate(pair.Client.SafeHandle);
        Fd.TrySetCloseOnExec(leak, false);
        image.Rebooter.CheckReboot();
        Fd.Close(leak);
        Assert.That(image.Log.Has($"Descriptor {leak} (socket:["));
    }

    [Test]
    public void IPv6_has_its_own_name_and_its_own_port()
    {
        if (!Socket.OSSupportsIPv6)
            Assert.Ignore("There is no IPv6 here.");
        Image image = New();
        Socket listener = image.Rebooter.Listen(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        image.Register().Serve();
        using Client client = new(listener.LocalEndPoint!);
        Assert.That(client.Socket.Connected);
    }
}
