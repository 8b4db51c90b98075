using System.Globalization;
using System.Text.Json;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>SIGUSR2: the angel becomes its own new version, and nobody notices.</summary>
internal sealed class SelfRebootTests : LiveTest
{
    [Test]
    public async Task Child_store_sockets_and_last_words_stay()
    {
        int port = FreePort();
        AngelProcess angel = Start(string.Create(CultureInfo.InvariantCulture, $"--watchdog 5 --listen tcp4://127.0.0.1:{port}"),
            "echo 3", "store-file s1 hello", "stderr so far so good", "ready", "heartbeat 100");
        FakeChild child = await angel.ChildAsync();
        await child.HeardAsync();
        int descriptors = angel.DescriptorCount();
        for (int i = 1; i <= 3; i++)
        {
            int since = angel.Now;
            angel.Send(12);
            await angel.LineAsync("has rebooted itself", since);
            await child.DoAsync("stderr still here " + i);
            await child.DoAsync("say STATUS=round " + i);
            await child.HeardAsync();
            await angel.LineAsync("^still here " + i);
            JsonElement status = await angel.StatusAsync();
            Assert.That(status.GetProperty("state").GetString(), Is.EqualTo("Ready"));
            Assert.That(status.GetProperty("childPid").GetInt32(), Is.EqualTo(child.Pid));
            Assert.That(status.GetProperty("angelPid").GetInt32(), Is.EqualTo(angel.Pid));
            Assert.That(status.GetProperty("fdsHeld").GetInt32(), Is.EqualTo(1));
            Assert.That(status.GetProperty("selfReboots").GetInt32(), Is.EqualTo(i));
            Assert.That(status.GetProperty("statusText").GetString(), Is.EqualTo("round " + i));
            Assert.That(status.GetProperty("lastWords")[0].GetString(), Is.EqualTo("so far so good"));
            Assert.That(await Line.AskAsync(port, "there?"), Is.EqualTo($"{child.Pid} there?"));
        }

        Assert.That(angel.DescriptorCount(), Is.LessThan(descriptors + 30));
        int last = angel.Now;
        await child.EndByAsync("die 9");
        FakeChild next = await angel.ChildAsync(last);
        Assert.That(await next.DoAsync("contents"), Does.Contain("s1=hello"));
        angel.Send(15);
        Assert.That(await angel.ExitCodeAsync(), Is.EqualTo(143));
    }

    [Test]
    public async Task Who_waits_for_an_answer_gets_it_from_the_new_one()
    {
        AngelProcess angel = Start("", "seamless 1");
        FakeChild child = await angel.ChildAsync();
        Task<JsonElement> answer = angel.AskAsync("reboot");
        await angel.LineAsync("^fake signal 1");
        angel.Send(12);
        await angel.LineAsync("has rebooted itself");
        Assert.That(answer.IsCompleted, Is.False);
        await child.DoAsync("say READY=1;X_SEAMLESSREBOOT=1;X_SEAMLESSREBOOT_GENERATION=2;X_SEAMLESSREBOOT_REBOOT_SIGNAL=1");
        Assert.That((await answer).GetProperty("ok").GetBoolean());
    }

    [Test]
    public async Task Nothing_that_happens_meanwhile_is_lost()
    {
        AngelProcess angel = Start("--death-limit 0 --backoff 0.05", "ready");
        FakeChild child = await angel.ChildAsync();
        for (int i = 0; i < 6; i++)
        {
            int since = angel.Now;
            // Everything at once: the angel replaces itself, is asked for something, hears many messages, and the child dies.
            Task heard = child.DoAsync("flood 2000");
            angel.Send(12);
            Task<JsonElement> status = angel.StatusAsync();
            await heard;
            await child.EndByAsync(i % 2 == 0 ? "die 9" : "exit 4");
            await status;
            await angel.LineAsync("has rebooted itself", since);
            FakeChild next = await angel.ChildAsync(since);
            Assert.That(next.Pid, Is.Not.EqualTo(child.Pid));
            await next.HeardAsync();
            child = next;
        }

        Assert.That((await angel.StatusAsync()).GetProperty("restarts").GetInt32(), Is.EqualTo(6));
    }

    [Test]
    public async Task A_new_version_that_does_not_start_is_not_started()
    {
        string copy = InRoot("angel");
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(AngelAssembly)!, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(copy, Path.GetRelativePath(Path.GetDirectoryName(AngelAssembly)!, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        File.CreateSymbolicLink(InRoot("link"), "angel");
        AngelProcess angel = Launch("dotnet", [InRoot("link/seamless-angel.dll"), "run", "--runtime-dir", InRoot("run"), "--", "dotnet", ChildAssembly, "ready", "commands " + Root]);
        FakeChild child = await angel.ChildAsync();
        File.Delete(InRoot("link"));
        Directory.CreateDirectory(InRoot("broken"));
        await File.WriteAllTextAsync(InRoot("broken/seamless-angel.dll"), "not an assembly");
        File.CreateSymbolicLink(InRoot("link"), "broken");
        angel.Send(12);
        await angel.LineAsync("own reboot was called off");
        await child.HeardAsync();
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("state").GetString(), Is.EqualTo("Ready"));
        Assert.That(status.GetProperty("selfReboots").GetInt32(), Is.Zero);
        // The way back is open: with the link set right it works.
        File.Delete(InRoot("link"));
        File.CreateSymbolicLink(InRoot("link"), "angel");
        angel.Send(12);
        await angel.LineAsync("has rebooted itself");
        await child.HeardAsync();
    }
}
