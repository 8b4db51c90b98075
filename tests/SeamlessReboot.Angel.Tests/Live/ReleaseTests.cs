using System.Text.Json;

namespace SeamlessReboot.Angel.Tests.Live;

/// <summary>Bad releases, on disk.</summary>
internal sealed class ReleaseTests : LiveTest
{
    [Test]
    public async Task The_fallback_gets_the_same_descriptors()
    {
        AngelProcess angel = Start($"--fallback-after 2 --backoff 0.1 --fallback {Fallback("ready")}",
            "first " + InRoot("once"), "store-file s1 hello", "ready", "commands " + Root, "then", "exit 9");
        FakeChild first = await angel.ChildAsync();
        await first.HeardAsync();
        int since = angel.Now;
        await first.EndByAsync("die 9");
        FakeChild fallback = await angel.ChildAsync(since);
        Assert.That(await fallback.DoAsync("contents"), Is.EqualTo("s1=hello"));
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("release").GetString(), Is.EqualTo("fallback"));
        Assert.That(angel.Lines.Count(l => l.StartsWith("fake started", StringComparison.Ordinal)), Is.EqualTo(4));
    }

    [Test]
    public async Task The_last_good_release_is_started_when_the_link_points_to_a_bad_one()
    {
        await WriteReleaseAsync("v1", "echo one; echo 'READY' >&2; exec dotnet '" + ChildAssembly + "' ready 'commands " + Root + "'");
        await WriteReleaseAsync("v2", "echo two; exit 1");
        Link("v1");
        AngelProcess angel = StartCommand("--stable-after 0.3 --fallback-after 2 --backoff 0.1", ["current/server", "4000"]);
        FakeChild first = await angel.ChildAsync();
        await angel.LineAsync("The server is ready");
        await Task.Delay(TimeSpan.FromSeconds(1)); // it has to have been ready for so long
        Link("v2");
        int since = angel.Now;
        await first.EndByAsync("die 9");
        FakeChild second = await angel.ChildAsync(since);
        JsonElement status = await angel.StatusAsync();
        Assert.That(status.GetProperty("release").GetString(), Is.EqualTo("fallback"));
        Assert.That(status.GetProperty("running")[0].GetString(), Is.EqualTo(InRoot("v1/server")));
        Assert.That(angel.Lines.Skip(since).Count(l => l == "two"), Is.EqualTo(2));
        // The next release is good again.
        await second.HeardAsync();
        await WriteReleaseAsync("v3", "echo three; exec dotnet '" + ChildAssembly + "' ready 'commands " + Root + "'");
        Link("v3");
        Assert.That((await angel.AskAsync("reboot")).GetProperty("ok").GetBoolean());
        await angel.LineAsync("^three");
        Assert.That((await angel.StatusAsync()).GetProperty("release").GetString(), Is.EqualTo("main"));
    }

    private string Fallback(params string[] steps)
    {
        string script = InRoot("fallback.sh");
        File.WriteAllText(script, $"#!/bin/sh\nexec dotnet '{ChildAssembly}' {string.Join(' ', steps.Append("commands " + Root).Select(s => $"'{s}'"))}\n");
        File.SetUnixFileMode(script, (UnixFileMode)0x1ED);
        return script;
    }

    private async Task WriteReleaseAsync(string name, string script)
    {
        Directory.CreateDirectory(InRoot(name));
        string path = Path.Combine(InRoot(name), "server");
        await File.WriteAllTextAsync(path, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
    }

    private void Link(string release)
    {
        string link = InRoot("current");
        if (Path.Exists(link))
            File.Delete(link);
        File.CreateSymbolicLink(link, release);
    }
}
