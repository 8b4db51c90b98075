using System.Globalization;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>What exec leaves as it is, and a server may have changed, is in the next generation as it was at the start.</summary>
internal sealed class ProcessStateTests : ProcessTest
{
    private const string NoSignal = "0000000000000000";
    private const ulong Usr1 = 1UL << ((int)Signal.Usr1 - 1);

    [Test]
    public async Task Children_of_the_image_before_leave_no_zombies_and_own_children_are_left_alone()
    {
        string fifo = Workspace.File("fifo");
        await Shell.RunAsync("mkfifo", fifo);
        ServerProcess server = await StartAsync();
        Client client = await ConnectAsync(server);
        int endsWithTheExec = await StartChildAsync(client, "exec cat"), endsLater = await StartChildAsync(client, $"exec cat {fifo}");
        await server.RebootAsync();
        await Limits.UntilAsync(() => !ProcInfo.Exists(endsWithTheExec), "the child that ended with the exec is reaped");
        Assert.That(ProcInfo.Exists(endsLater), Is.True);
        Assert.That(await client.AskAsync("!child-report exit 7"), Is.EqualTo("7 "), "a child of this image is its own");
        await server.RebootAsync();
        await Task.Run(() => File.WriteAllText(fifo, "")).WaitAsync(Limits.Wait);
        await Limits.UntilAsync(() => !ProcInfo.Exists(endsLater), "the child that ended two generations later is reaped");
        Assert.That(await client.AskAsync("!child-report exit 8"), Is.EqualTo("8 "));
    }

    [Test]
    public async Task Umask_and_working_directory_are_those_of_the_start()
    {
        ServerProcess server = await StartByShellAsync($"umask 027 && exec dotnet '{Builds.Server}' --spool {Workspace.Spool}");
        Client client = await ConnectAsync(server);
        await client.AskAsync("!umask 0");
        await client.AskAsync("!cd /");
        Assert.That(server.Proc.Status("Umask"), Is.EqualTo("0000"));
        for (int i = 0; i < 2; i++)
        {
            await server.RebootAsync();
            Assert.That(server.Proc.Status("Umask"), Is.EqualTo("0027"));
            Assert.That(server.Proc.WorkingDirectory, Is.EqualTo(Workspace.Root));
            await client.SayAsync("hello");
        }
    }

    [Test]
    public async Task No_signal_stays_blocked_in_the_main_thread_or_a_child()
    {
        string program = Workspace.Write("next", $"#!/bin/sh\nexec dotnet '{Builds.Server}' --spool {Workspace.Spool}\n", executable: true);
        ServerProcess server = await StartForCommandAsync(program);
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        for (int i = 1; i <= 3; i++)
        {
            Assert.That(await client.AskAsync($"!block-signal {(int)Signal.Usr1}"), Is.EqualTo("ok"));
            await server.ReadyAsync(i);
            Assert.That(server.Proc.Status("SigBlk"), Is.EqualTo(NoSignal));
            Assert.That(server.Proc.StatusOfThreads("SigBlk").Select(b => Convert.ToUInt64(b, 16) & Usr1), Has.All.Zero);
            File.SetUnixFileMode(program, UnixFileMode.UserRead);
            await server.RebootInVainAsync(); // by SIGHUP, which was blocked during the exec, and so is in the runtime's threads
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            Assert.That(await client.AskAsync("!child-report grep SigBlk /proc/self/status"), Does.EndWith("SigBlk:\t" + NoSignal));
        }
    }

    [Test]
    public async Task Ignored_signals_are_those_of_the_start()
    {
        ServerProcess server = await StartByShellAsync($"trap '' QUIT USR1 && exec dotnet '{Builds.Server}' --spool {Workspace.Spool}");
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        string ignored = server.Proc.Status("SigIgn");
        Assert.That(Convert.ToUInt64(ignored, 16) & Usr1, Is.Not.Zero);
        for (int i = 1; i <= 3; i++)
        {
            Assert.That(await client.AskAsync("!reboot"), Is.EqualTo("asked"));
            await server.ReadyAsync(i);
            Assert.That(server.Proc.Status("SigIgn"), Is.EqualTo(ignored));
            server.Send(Signal.Usr1);
            await client.SayAsync("still here");
        }
    }

    [Test]
    public async Task A_server_started_by_nohup_hears_SIGHUP_when_that_means_reboot()
    {
        ServerProcess server = await StartByShellAsync($"trap '' HUP && exec dotnet '{Builds.Server}' --spool {Workspace.Spool}");
        Client client = await ConnectAsync(server);
        for (int i = 0; i < 3; i++)
        {
            await client.SayAsync("hello");
            await server.RebootAsync();
        }
    }

    [Test]
    public async Task Timers_are_disarmed()
    {
        ServerProcess server = await StartAsync();
        Client client = await ConnectAsync(server);
        Assert.That(await client.AskAsync("!timer 1000"), Is.Not.EqualTo("0"));
        await server.RebootAsync();
        Assert.That(await client.AskAsync("!timer"), Is.EqualTo("0"));
    }

    [Test]
    public async Task The_environment_is_that_of_the_start()
    {
        ServerProcess server = await StartByShellAsync($"export COLOUR=red && exec dotnet '{Builds.Server}' --spool {Workspace.Spool}");
        Client client = await ConnectAsync(server);
        Assert.That(await client.AskAsync("!env COLOUR=blue"), Is.EqualTo("blue"));
        Assert.That(await client.AskAsync("!env NEW=1"), Is.EqualTo("1"));
        for (int i = 0; i < 3; i++)
        {
            await server.RebootAsync();
            Assert.That(await client.AskAsync("!env COLOUR"), Is.EqualTo("red"));
            Assert.That(await client.AskAsync("!env NEW"), Is.EqualTo("unset"));
            Assert.That(await client.AskAsync("!child-report env | grep -c SEAMLESSREBOOT"), Is.EqualTo("1 0"), "no child sees the inheritance");
        }
    }

    [Test]
    public async Task The_arguments_are_those_of_the_start()
    {
        ServerProcess server = await StartAsync("--note", "a b", "--empty", "", "--umlaut", "grün");
        byte[] before = await File.ReadAllBytesAsync(server.Proc.Directory + "/cmdline");
        for (int i = 0; i < 3; i++)
        {
            await server.RebootAsync();
            Assert.That(await File.ReadAllBytesAsync(server.Proc.Directory + "/cmdline"), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task The_diagnostics_socket_works_in_every_generation()
    {
        ServerProcess server = await StartAsync();
        for (int i = 0; i < 3; i++)
        {
            Assert.That(await Diagnostics.AskAsync(server, Workspace.Root), Is.EqualTo(server.Pid));
            await server.RebootAsync();
        }

        Assert.That(await Diagnostics.AskAsync(server, Workspace.Root), Is.EqualTo(server.Pid));
    }

    [Test]
    public async Task The_terminal_is_as_at_the_start()
    {
        if (!Shell.Has("script"))
            Assert.Ignore("A terminal takes script(1) of util-linux.");
        ServerProcess terminal = Launch("script", ["-qfec", $"exec dotnet '{Builds.Server}' --spool {Workspace.Spool}", "/dev/null"]);
        ServerEvent ready = await terminal.ReadyAsync();
        int pid = ready.Number("pid");
        string device = new ProcInfo(pid).Descriptors()[0];
        Assert.That(device, Does.StartWith("/dev/pts/"));
        string before = await Shell.RunAsync("stty", "-F", device, "-a");
        Client client = await ConnectAsync(terminal);
        Assert.That(await client.AskAsync("!raw"), Is.EqualTo("ok"));
        Assert.That(await Shell.RunAsync("stty", "-F", device, "-a"), Is.Not.EqualTo(before));
        Assert.That(await client.AskAsync("!reboot"), Is.EqualTo("asked"));
        await terminal.ReadyAsync(1);
        Assert.That(await Shell.RunAsync("stty", "-F", device, "-a"), Is.EqualTo(before));
        await client.SayAsync("hello");
        Assert.That(await client.AskAsync("!quit"), Is.EqualTo("bye"));
        await terminal.ExitCodeAsync();
    }

    private static async Task<int> StartChildAsync(Client client, string command) =>
        int.Parse(await client.AskAsync("!child " + command), CultureInfo.InvariantCulture);
}
