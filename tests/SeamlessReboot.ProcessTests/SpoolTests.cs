using System.Text;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>
/// Promise 4: nobody ever gets somebody else's session. Whatever happens to the spool between exec and start, the server is there
/// again, on its port, and each client has its own session or a farewell and a clean end.
/// </summary>
internal sealed class SpoolTests : ProcessTest
{
    private const string Farewell = "Your session could not be carried over a restart. Please connect again.\r\n";
    private const string FileName = "reboot.spool";

    private string Spool => Path.Combine(Workspace.Spool, FileName);

    [Test]
    public async Task The_spool_is_private_during_a_reboot_and_empty_after_it()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        for (int i = 0; i < 3; i++)
        {
            await gap.RebootAsync(server, () =>
            {
                Assert.That(SpoolFiles(), Is.EqualTo(new[] { FileName }), "few files: one");
                Assert.That((int)File.GetUnixFileMode(Spool), Is.EqualTo(0x180), "0600");
                Assert.That((int)File.GetUnixFileMode(Workspace.Spool), Is.EqualTo(0x1C0), "0700");
                return Task.CompletedTask;
            });
            Assert.That(SpoolFiles(), Is.Empty);
            await SayAllAsync(clients, "as before");
        }
    }

    [Test]
    public async Task A_truncated_spool_never_gives_a_wrong_session([Values(0, 7, 24, 40, -1, -17, -60, 0.3, 0.5, 0.7, 0.9)] double where)
    {
        await AssertSurvivesAsync(clients: 4, rounds: 1, (bytes, _) =>
        {
            int length = where is > 0 and < 1 ? (int)(bytes.Length * where) : where < 0 ? bytes.Length + (int)where : (int)where;
            return bytes[..length];
        });
    }

    [Test]
    public async Task A_spool_with_flipped_bits_never_gives_a_wrong_session() =>
        await AssertSurvivesAsync(clients: 5, rounds: 12, (bytes, random) =>
        {
            for (int i = random.Next(1, 4); i > 0; i--)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            return bytes;
        });

    [Test]
    public async Task A_spool_with_pieces_cut_out_doubled_or_exchanged_never_gives_a_wrong_session() =>
        await AssertSurvivesAsync(clients: 5, rounds: 12, (bytes, random) =>
        {
            int from = random.Next(24, bytes.Length), to = random.Next(from, bytes.Length), elsewhere = random.Next(24, bytes.Length);
            return random.Next(3) switch
            {
                0 => [.. bytes[..from], .. bytes[to..]],
                1 => [.. bytes[..to], .. bytes[from..]],
                _ => [.. bytes[..elsewhere], .. bytes[from..to], .. bytes[Math.Min(bytes.Length, elsewhere + to - from)..]],
            };
        });

    [Test]
    public async Task A_spool_of_noise_never_gives_a_wrong_session() =>
        await AssertSurvivesAsync(clients: 3, rounds: 2, (bytes, random) =>
        {
            random.NextBytes(bytes);
            return bytes;
        });

    [Test]
    public async Task A_spool_that_has_gone_never_gives_a_wrong_session() =>
        await AssertSurvivesAsync(clients: 3, rounds: 1, (_, _) => null, mustBeLost: true);

    [Test]
    public async Task A_stale_spool_of_the_same_server_is_not_believed()
    {
        byte[]? stale = null;
        await AssertSurvivesAsync(clients: 3, rounds: 2, (bytes, _) =>
        {
            stale ??= bytes;
            return stale;
        }, losesFrom: 1);
    }

    [Test]
    public async Task A_foreign_spool_is_not_believed()
    {
        Directory.CreateDirectory(Workspace.File("other"));
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--tcp", $"127.0.0.1:{Ports.Free()}");
        string[] foreignArguments = ["--tcp", $"127.0.0.1:{Ports.Free()}", "--spool", Workspace.File("foreign")];
        Gap foreignGap = await Gap.CreateAsync(Workspace, foreignArguments, "foreign-gap");
        ServerProcess foreign = await StartForCommandAsync(foreignGap.Script, foreignArguments);
        List<Client> clients = await ConnectAsync(server, 3), foreigners = await ConnectAsync(foreign, 3);
        await foreignGap.RebootAsync(foreign, async () =>
        {
            string theirs = Path.Combine(Workspace.File("foreign"), FileName);
            await gap.RebootAsync(server, () =>
            {
                byte[] mine = File.ReadAllBytes(Spool);
                File.WriteAllBytes(Spool, File.ReadAllBytes(theirs));
                File.WriteAllBytes(theirs, mine);
                return Task.CompletedTask;
            });
        });
        foreach (Client client in clients.Concat(foreigners))
            Assert.That(await client.ReadToEndAsync(), Is.EqualTo(Farewell));
        foreach (ServerProcess one in new[] { server, foreign })
        {
            Assert.That(one.Logs("SpoolDamaged"), Is.Not.Empty);
            await SayAllAsync(await ConnectAsync(one, 2), "it serves");
        }
    }

    [Test]
    public async Task What_a_killed_server_left_in_the_spool_directory_is_not_believed()
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        server.Send(Signal.Hup);
        await gap.EnterAsync();
        await server.KillAsync();
        Assert.That(File.Exists(Spool), Is.True);
        ServerProcess next = await StartAsync();
        Assert.That(next.Ready.Number("sessions"), Is.Zero);
        Assert.That(next.Ready.Generation, Is.Zero);
        Assert.That(SpoolFiles(), Is.Empty);
        await SayAllAsync(await ConnectAsync(next, 2), "it serves");
        _ = clients;
    }

    [Test]
    public async Task An_inheritance_that_is_not_this_process_s_is_not_believed()
    {
        string note = string.Join(';', "3", "7", "4711", "12345", "9", Convert.ToBase64String(Encoding.UTF8.GetBytes(Workspace.Spool)),
            new string('A', 32), "warm", "asked", "", "0", "", "", "", "", "18", "0", "-1", "");
        ServerProcess server = Launch("dotnet", [Builds.Server, .. WithSpool([])], ("SEAMLESSREBOOT_INHERITANCE", note));
        ServerEvent ready = await server.ReadyAsync();
        Assert.That(ready.Generation, Is.Zero);
        Assert.That(server.Logs("NotOurs"), Has.Count.EqualTo(1));
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        Assert.That(await client.AskAsync("!child-report echo $SEAMLESSREBOOT_INHERITANCE"), Is.EqualTo("0 "));
        await server.RebootAsync();
        await client.SayAsync("as before");
    }

    private async Task AssertSurvivesAsync(int clients, int rounds, Func<byte[], Random, byte[]?> mutate, bool mustBeLost = false, int losesFrom = 0)
    {
        Random random = new(4711);
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--tcp", $"127.0.0.1:{Ports.Free()}");
        int port = server.Port;
        List<Client> connected = [];
        for (int round = 0; round < rounds; round++)
        {
            // State is lost with its record, and numbers begin anew then; so each client brings something of its own.
            while (connected.Count < clients)
            {
                Client client = await ConnectAsync(server);
                string motto = $"motto-{Guid.NewGuid()}";
                Assert.That(await client.AskAsync("!extra " + motto), Is.EqualTo("v1 " + motto));
                client.Secret = motto;
                connected.Add(client);
            }

            await gap.RebootAsync(server, () =>
            {
                byte[]? mutated = mutate(File.ReadAllBytes(Spool), random);
                if (mutated is null)
                    File.Delete(Spool);
                else
                    File.WriteAllBytes(Spool, mutated);
                return Task.CompletedTask;
            });
            Assert.That(server.Port, Is.EqualTo(port));
            Client late = await ConnectAsync(server);
            Assert.That(await late.AskAsync("!extra"), Is.EqualTo("v1 none"), "who is new gets nobody's session");
            string[] living = (await late.AskAsync("!everyone")).Split(',');
            late.Dispose();
            List<Client> kept = [.. connected.Where(c => living.Contains(c.Secret))];
            if (mustBeLost || (losesFrom > 0 && round >= losesFrom))
                Assert.That(kept, Is.Empty);
            Assert.That(server.Ready.Number("sessions"), Is.EqualTo(kept.Count));
            await AssertOwnSessionsAsync(kept);
            foreach (Client lost in connected.Except(kept))
                Assert.That(await lost.ReadToEndAsync(), Is.EqualTo(Farewell));
            connected = kept;
            await Limits.UntilAsync(() => SpoolFiles().All(f => f.StartsWith("quarantine", StringComparison.Ordinal)), "the spool is empty");
        }

        await gap.RebootAsync(server, () => Task.CompletedTask);
        await AssertOwnSessionsAsync(connected);
    }

    private static async Task AssertOwnSessionsAsync(IEnumerable<Client> clients)
    {
        foreach (Client client in clients)
            Assert.That(await client.AskAsync("!extra"), Is.EqualTo("v1 " + client.Secret));
    }
}
