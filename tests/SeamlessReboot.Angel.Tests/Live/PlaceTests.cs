using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>Where the angel runs, and what it costs there.</summary>
internal sealed class PlaceTests : LiveTest
{
    [Test]
    public async Task Who_has_started_the_angel_is_told_when_the_server_is_ready_and_when_it_ends()
    {
        string path = InRoot("outer");
        using Socket outer = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        outer.Bind(new UnixDomainSocketEndPoint(path));
        AngelProcess angel = StartCommand("", ["dotnet", ChildAssembly, "ready", "commands " + Root], ("NOTIFY_SOCKET", path));
        await angel.ChildAsync();
        Assert.That(await HearAsync(), Does.StartWith($"READY=1\nMAINPID={angel.Pid}\nSTATUS="));
        angel.Send(15);
        Assert.That(await HearAsync(), Is.EqualTo("STOPPING=1"));

        async Task<string> HearAsync()
        {
            byte[] message = new byte[4096];
            return Encoding.UTF8.GetString(message, 0, await outer.ReceiveAsync(message).WaitAsync(AngelProcess.Limit));
        }
    }

    [Test]
    public async Task As_PID_1_it_reaps_everybody_and_hears_signals()
    {
        if (Environment.UserName != "root" || !File.Exists("/usr/bin/unshare"))
            Assert.Ignore("A PID namespace of its own takes root and unshare.");
        AngelProcess angel = Launch("/usr/bin/unshare", ["--pid", "--fork", "--kill-child", "--mount-proc", "dotnet", AngelAssembly, "run", "--runtime-dir", InRoot("run"),
            "--", "dotnet", ChildAssembly, "exit-on 15", "ready", "commands " + Root]);
        FakeChild child = await angel.ChildAsync();
        Assert.That((await angel.StatusAsync()).GetProperty("angelPid").GetInt32(), Is.EqualTo(1));
        // Orphans in a session of their own, which no group's end takes along.
        for (int i = 0; i < 5; i++)
            await child.DoAsync("shell setsid sh -c 'sleep 0.2' >/dev/null 2>&1 &");
        await UntilAsync(() => child.DoAsync("processes").Result.Split(' ').Length == 2, "there is nobody but the angel and the child");
        int since = angel.Now;
        await child.EndByAsync("die 9");
        child = await angel.ChildAsync(since);
        await angel.LineAsync("has died: it was killed by SIGKILL", since);
        since = angel.Now;
        await child.DoAsync("shell kill -USR2 1");
        await angel.LineAsync("has rebooted itself", since);
        await child.EndByAsync("exit 3");
        child = await angel.ChildAsync(since);
        await angel.LineAsync("has died: it ended with exit code 3", since);
        await child.HeardAsync();
        Assert.That((await angel.AskAsync("stop")).GetProperty("ok").GetBoolean());
        Assert.That(await angel.ExitCodeAsync(), Is.Zero);
    }

    [Test]
    public async Task Where_there_is_no_shell_its_own_program_puts_the_number_in()
    {
        ProcessStartInfo info = new("dotnet", [AngelAssembly, "__exec", "/bin/sh", "sh", "-c", "echo me=$$ listen=$LISTEN_PID watchdog=$WATCHDOG_PID; trap"]) { RedirectStandardOutput = true };
        info.Environment["LISTEN_FDS"] = "1";
        info.Environment["LISTEN_PID"] = "1";
        using Process process = Process.Start(info)!;
        string said = await process.StandardOutput.ReadToEndAsync().WaitAsync(AngelProcess.Limit);
        Assert.That(said.Trim(), Is.EqualTo(string.Create(CultureInfo.InvariantCulture, $"me={process.Id} listen={process.Id} watchdog=")));
    }

    [Test]
    public async Task A_directory_that_others_may_enter_is_refused()
    {
        Directory.CreateDirectory(InRoot("run"));
        File.SetUnixFileMode(InRoot("run"), (UnixFileMode)0x1ED);
        AngelProcess angel = Start("", "ready");
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(ExitCodes.SystemTrouble));
        await angel.LineAsync("chmod 0?700");
    }

    [Test]
    public async Task Without_a_place_for_sockets_the_child_runs_all_the_same()
    {
        foreach (string name in (string[])["notify", "control"])
            Directory.CreateDirectory(Path.Combine(InRoot("run"), name, "in-the-way"), (UnixFileMode)0x1C0);
        File.SetUnixFileMode(InRoot("run"), (UnixFileMode)0x1C0);
        AngelProcess angel = StartCommand("", ["dotnet", ChildAssembly, "ready", "print up", "wait"]);
        await angel.LineAsync("^fake up");
        await angel.LineAsync("The server is ready, as PID");
        await angel.LineAsync("control socket cannot be opened");
        angel.Send(15);
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(143));
    }

    [Test]
    public async Task At_rest_it_takes_no_processor_time()
    {
        AngelProcess angel = Start("--watchdog 30", "store-many 500", "ready");
        FakeChild child = await angel.ChildAsync();
        await child.HeardAsync();
        await angel.StatusAsync();
        await Task.Delay(TimeSpan.FromSeconds(2)); // the runtime's own start-up work
        TimeSpan before = angel.ProcessorTime();
        await Task.Delay(TimeSpan.FromSeconds(3));
        TimeSpan spent = angel.ProcessorTime() - before;
        await TestContext.Out.WriteLineAsync($"{spent.TotalMilliseconds} ms of processor time in 3 s; {File.ReadLines($"/proc/{angel.Pid}/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal))}");
        Assert.That(spent, Is.LessThan(TimeSpan.FromMilliseconds(60)));
    }
}
