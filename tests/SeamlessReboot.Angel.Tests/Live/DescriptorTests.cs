using System.Globalization;
using System.Text.Json;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>The store of a real angel, and real descriptors.</summary>
internal sealed class DescriptorTests : LiveTest
{
    [Test]
    public async Task What_a_killed_child_has_stored_comes_back_to_the_next_by_name_and_in_order()
    {
        AngelProcess angel = Start("", "store-file s1 hello", "store-file s2 world", "store-file l1-1 door", "ready");
        FakeChild first = await angel.ChildAsync();
        await first.DoAsync("remove s2");
        await first.DoAsync("store-file s3 late");
        await first.HeardAsync();
        int since = angel.Now;
        await first.EndByAsync("die 9");
        // The next one stores the same names again, with other files: both are kept.
        FakeChild second = await angel.ChildAsync(since);
        Assert.That(await second.DoAsync("contents"), Is.EqualTo("s1=hello l1-1=door s3=late"));
        Assert.That(await second.DoAsync("mine"), Does.StartWith("listen=me"));
    }

    [Test]
    public async Task Descriptors_stay_in_the_store_after_a_restart_has_passed_them_on()
    {
        AngelProcess angel = Start("", "first " + InRoot("once"), "store-file s1 hello", "then", "ready");
        FakeChild child = await angel.ChildAsync();
        for (int i = 0; i < 3; i++)
        {
            await child.HeardAsync();
            int since = angel.Now;
            await child.EndByAsync("die 9");
            child = await angel.ChildAsync(since);
            Assert.That(await child.DoAsync("contents"), Is.EqualTo("s1=hello"));
            await child.DoAsync("say WATCHDOG_USEC=0");
            // Deaths this close together would be waited between; nobody counts them now.
            angel.Send(10);
            await angel.LineAsync("back to zero", since);
        }
    }

    [Test]
    public async Task A_thousand_descriptors_come_back()
    {
        AngelProcess angel = Start("--store-limit 1000", "first " + InRoot("once"), "store-many 1200", "then", "ready");
        FakeChild first = await angel.ChildAsync();
        await first.HeardAsync();
        Assert.That((await angel.StatusAsync()).GetProperty("fdsHeld").GetInt32(), Is.EqualTo(1000));
        await angel.LineAsync("The store is full: it holds 1000");
        int since = angel.Now;
        await first.EndByAsync("die 9");
        FakeChild second = await angel.ChildAsync(since);
        string[] numbers = (await second.DoAsync("descriptors")).Split(' ');
        Assert.That(numbers.Select(int.Parse).Where(n => n is >= 3 and < 1003).Count(), Is.EqualTo(1000));
        Assert.That((await second.DoAsync("variable LISTEN_FDNAMES")).Split(':'), Is.EqualTo(Enumerable.Range(0, 1000).Select(i => "s" + i)));
    }

    [Test]
    public async Task Descriptors_of_strangers_and_without_a_purpose_are_closed()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild child = await angel.ChildAsync();
        await child.HeardAsync();
        int before = angel.DescriptorCount();
        await child.DoAsync("foreign 20"); // 4,000 descriptors, without FDSTORE=1
        await child.DoAsync("grandchild store-file x y,foreign 5,exit 0");
        await child.HeardAsync();
        await angel.StatusAsync(s => s.GetProperty("refused").GetInt64() >= 6);
        Assert.That((await angel.StatusAsync()).GetProperty("fdsHeld").GetInt32(), Is.Zero);
        Assert.That(angel.DescriptorCount(), Is.LessThan(before + 20));
    }

    [Test]
    public async Task A_grandchild_is_not_believed()
    {
        AngelProcess angel = Start("--notify yes");
        FakeChild child = await angel.ChildAsync();
        await child.DoAsync("grandchild ready,print said,wait");
        await angel.LineAsync("^fake said");
        await child.HeardAsync();
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("state").GetString(), Is.EqualTo("Starting"));
        Assert.That(status.GetProperty("refused").GetInt64(), Is.EqualTo(1));
        await angel.LineAsync("was refused");
        await child.DoAsync("ready");
        await child.HeardAsync();
        Assert.That((await angel.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("Ready"));
    }

    [Test]
    public async Task Garbage_harms_nobody()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild child = await angel.ChildAsync();
        await child.DoAsync("garbage 2000");
        await child.HeardAsync();
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("state").GetString(), Is.EqualTo("Ready"));
        Assert.That(status.GetProperty("childPid").GetInt32(), Is.EqualTo(child.Pid));
    }

    [Test]
    public async Task A_flood_does_not_starve_the_others()
    {
        AngelProcess angel = Start("", "ready");
        FakeChild child = await angel.ChildAsync();
        Task flood = child.DoAsync("flood 300000");
        int asked = 0;
        while (!flood.IsCompleted)
        {
            Assert.That((await angel.StatusAsync()).GetProperty("state").GetString(), Is.EqualTo("Ready"));
            asked++;
        }

        await flood;
        Assert.That(asked, Is.GreaterThan(5));
        long stillFlooding = Environment.TickCount64;
        _ = child.DoAsync("flood 100000000");
        angel.Send(15);
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(143));
        Assert.That(Environment.TickCount64 - stillFlooding, Is.LessThan(15_000));
    }

    [Test]
    public async Task A_client_that_hangs_up_leaves_the_store_by_itself()
    {
        RequirePython();
        AngelProcess angel = StartCommand("", ["python3", "-u", "-c", """
            import array, os, socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(os.environ['NOTIFY_SOCKET'])
            a, b = socket.socketpair(); c, d = socket.socketpair()
            def store(text, fd): s.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])
            store(b'FDSTORE=1\nFDNAME=watched', a.fileno()); store(b'FDSTORE=1\nFDNAME=kept\nFDPOLL=0', c.fileno())
            s.send(b'READY=1'); sys.stdin.readline(); b.close(); d.close(); print('closed'); sys.stdin.readline()
            """]);
        await angel.LineAsync("The server is ready");
        await angel.StatusAsync(s => s.GetProperty("fdsHeld").GetInt32() == 2);
        await angel.WriteAsync("close\n");
        await angel.LineAsync("^closed");
        await angel.StatusAsync(s => s.GetProperty("fdsHeld").GetInt32() == 1);
    }

    [Test]
    public async Task Listeners_come_first_and_the_port_answers_through_a_restart()
    {
        int port = FreePort();
        AngelProcess angel = Start(string.Create(CultureInfo.InvariantCulture, $"--listen tcp4://127.0.0.1:{port}"), "echo 3", "store-file s1 hello", "ready");
        FakeChild first = await angel.ChildAsync();
        Assert.That(await first.DoAsync("environment"), Does.Contain("EINHORN_FD_COUNT=1").And.Contain("EINHORN_FD_0=3"));
        Assert.That(await Line.AskAsync(port, "one"), Is.EqualTo($"{first.Pid} one"));
        await first.HeardAsync();
        int since = angel.Now;
        await first.EndByAsync("die 9");
        string answer = await Line.AskAsync(port, "two"); // it waits in the backlog
        FakeChild second = await angel.ChildAsync(since);
        Assert.That(answer, Is.EqualTo($"{second.Pid} two"));
        Assert.That((await second.DoAsync("variable LISTEN_FDNAMES")).Split(':')[1], Is.EqualTo("s1"));
    }
}
