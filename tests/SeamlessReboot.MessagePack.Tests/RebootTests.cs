using System.Globalization;

namespace MessagePackTests;

/// <summary>A real server that is really rebooted.</summary>
[Platform("Linux")]
internal sealed class RebootTests
{
    private const int TimeLimit = 60_000;

    [Test]
    [CancelAfter(TimeLimit)]
    public async Task State_written_as_MessagePack_survives_three_reboots(CancellationToken cancellationToken)
    {
        using ServerProcess server = await ServerProcess.StartAsync(cancellationToken);
        using Client ann = await Client.ConnectAsync(server.Port, cancellationToken);
        Assert.That(await ann.AskAsync("ann\n"), Is.EqualTo("welcome ann, visitor 1"));
        Assert.That(await ann.AskAsync("first\n"), Is.EqualTo("ann 1 first"));
        int pid = server.Pid;
        List<Client> guests = [];

        for (int generation = 1; generation <= 3; generation++)
        {
            await ann.SendAsync("half a li");
            await server.RebootAsync(cancellationToken);

            Assert.Multiple(() =>
            {
                Assert.That(server.Generation, Is.EqualTo(generation));
                Assert.That(server.Pid, Is.EqualTo(pid));
                Assert.That(server.Sessions, Is.EqualTo(generation));
            });
            Assert.That(await ann.AskAsync("ne\n"), Is.EqualTo(string.Create(CultureInfo.InvariantCulture, $"ann {generation + 1} half a line")),
                "a session's state");
            Client guest = await Client.ConnectAsync(server.Port, cancellationToken);
            guests.Add(guest);
            Assert.That(await guest.AskAsync($"guest {generation}\n"), Does.EndWith($", visitor {generation + 1}"), "the system's state");
        }

        guests.ForEach(g => g.Dispose());
    }
}
