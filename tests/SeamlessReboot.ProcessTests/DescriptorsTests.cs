using System.Globalization;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>Exactly what is to cross the exec crosses it.</summary>
internal sealed class DescriptorsTests : ProcessTest
{
    [Test]
    public async Task Strays_are_closed_by_the_exec_and_logged_with_what_they_are()
    {
        ServerProcess server = await StartAsync();
        Client client = await ConnectAsync(server);
        await server.RebootAsync(); // what the test host has leaked into the server is gone now
        int since = server.Now, before = server.DescriptorCount();
        List<int> strays = [];
        for (int i = 0; i < 5; i++)
            strays.Add(int.Parse(await client.AskAsync("!stray"), CultureInfo.InvariantCulture));
        string what = server.Proc.Descriptors()[strays[0]];
        await server.RebootAsync();
        Assert.That(server.Logs("Stray", since).Select(l => l.Message), Is.EquivalentTo(strays).Using<string, int>(
            (message, fd) => message.StartsWith($"Descriptor {fd} ({what}) is a stray", StringComparison.Ordinal)));
        await client.SayAsync("hello");
        Assert.That(server.Proc.Inheritable(), Is.Empty);
        await Limits.UntilAsync(() => server.DescriptorCount() <= before + 1, "the number of descriptors is as before");
        since = server.Now;
        await server.RebootAsync();
        Assert.That(server.Logs("Stray", since), Is.Empty);
    }

    [Test]
    public async Task Standard_streams_stay_and_everything_else_is_closed_on_exec_again()
    {
        ServerProcess server = await StartAsync("--unix", Workspace.File("s"), "--tcp", "127.0.0.1:0", "--keep-file", Workspace.File("log"));
        IReadOnlyDictionary<int, string> before = server.Proc.Descriptors();
        List<Client> clients = [];
        for (int i = 0; i < 5; i++)
        {
            Client client = await ConnectAsync(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, server.Ready.Ports[1]));
            await client.SayAsync("hello");
            clients.Add(client);
        }

        for (int i = 0; i < 3; i++)
        {
            await server.RebootAsync();
            IReadOnlyDictionary<int, string> now = server.Proc.Descriptors();
            Assert.That(Enumerable.Range(0, 3).Select(fd => now[fd]), Is.EqualTo(Enumerable.Range(0, 3).Select(fd => before[fd])));
            Assert.That(server.Proc.Inheritable(), Is.Empty);
            await SayAllAsync(clients, "as before");
            string open = await clients[0].AskAsync("!child-report ls -l /proc/self/fd");
            Assert.That(open, Does.Not.Contain("socket:").And.Not.Contain("spool"), "no child gets a client or the spool");
        }
    }

    [Test]
    public async Task What_is_kept_open_comes_back_as_the_same_file()
    {
        string path = Workspace.File("log");
        ServerProcess server = await StartAsync("--keep-file", path);
        Client client = await ConnectAsync(server);
        string number = await client.AskAsync("!file generation 0");
        File.Move(path, path + ".1"); // who opens it by name gets another one now
        for (int i = 1; i <= 3; i++)
        {
            await server.RebootAsync();
            Assert.That(await client.AskAsync($"!file generation {i}"), Is.EqualTo(number));
        }

        Assert.That(File.ReadAllLines(path + ".1"), Is.EqualTo(Enumerable.Range(0, 4).Select(i => $"generation {i}")));
        Assert.That(File.Exists(path), Is.False);
        await client.AskAsync("!file close");
        await server.RebootAsync();
        await client.AskAsync("!file opened afresh");
        Assert.That(File.ReadAllLines(path), Is.EqualTo(new[] { "opened afresh" }), "what was closed is no longer kept");
    }

    [Test]
    public async Task A_pipe_that_is_kept_open_is_not_cut()
    {
        string path = Workspace.File("pipe");
        await Shell.RunAsync("mkfifo", path);
        Task<string> reading = Task.Run(() => File.ReadAllText(path)); // ends when the last writer has closed it
        ServerProcess server = await StartAsync("--keep-file", path);
        Client client = await ConnectAsync(server);
        await client.AskAsync("!file before");
        await server.RebootAsync();
        Assert.That(reading.IsCompleted, Is.False);
        await client.AskAsync("!file after");
        await client.AskAsync("!file close");
        Assert.That(await reading.WaitAsync(Limits.Wait), Is.EqualTo("before\nafter\n"));
    }
}
