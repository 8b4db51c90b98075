using System.Text;
using SeamlessReboot.ProcessTests.Helpers;

namespace SeamlessReboot.ProcessTests;

/// <summary>Promise 2: no byte is lost, doubled or reordered, in either direction, whatever the server is built like.</summary>
internal sealed class NoByteIsLostTests : ProcessTest
{
    private static readonly string[] _kinds = ["counter", "pipe", "stream", "gate", "context", "polled"];

    [TestCaseSource(nameof(_kinds))]
    public async Task A_half_typed_line_survives_the_reboot(string kind)
    {
        ServerProcess server = await StartAsync("--kind", kind);
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        await client.SendAsync("one ha");
        await server.RebootAsync();
        await client.SendAsync("lf and an");
        await server.RebootAsync();
        await client.SendAsync("other\n");
        await client.ExpectAnswerAsync("one half and another");
    }

    [TestCaseSource(nameof(_kinds))]
    public async Task Lines_split_at_random_bytes_around_reboots_are_each_answered_once_and_in_order(string kind)
    {
        ServerProcess server = await StartAsync("--kind", kind);
        List<Client> clients = await ConnectAsync(server, 4);
        List<Chatter> chatters = [.. clients.Select((c, i) => Chatter.Start(c, seed: 100 + i))];
        for (int i = 0; i < 4; i++)
        {
            await server.RebootAsync();
            Assert.That(server.Ready.Flag("torn"), Is.False, "state was taken in the middle of a change");
        }

        foreach (Chatter chatter in chatters)
            await chatter.StopAsync();
    }

    [TestCase("gate")]
    [TestCase("context")]
    [TestCase("polled")]
    public async Task A_loop_of_the_application_is_stopped_only_where_nothing_is_half_done(string kind)
    {
        ServerProcess server = await StartAsync("--kind", kind);
        Client client = await ConnectAsync(server);
        int worked = -1;
        for (int i = 0; i < 5; i++)
        {
            await client.SayAsync("the loop goes on");
            await server.RebootAsync();
            Assert.Multiple(() =>
            {
                Assert.That(server.Ready.Flag("torn"), Is.False);
                Assert.That(server.Ready.Number("worked"), Is.GreaterThanOrEqualTo(worked));
            });
            worked = server.Ready.Number("worked");
        }

        Assert.That(worked, Is.Positive);
    }

    [TestCase("counter")]
    [TestCase("pipe")]
    [TestCase("stream")]
    public async Task Pipelined_lines_are_answered_across_the_reboot(string kind)
    {
        const int Count = 20_000;
        ServerProcess server = await StartAsync("--kind", kind);
        Client client = await ConnectAsync(server);
        StringBuilder lines = new();
        for (int i = 0; i < Count; i++)
            lines.Append("line ").Append(i).Append('\n');
        Task sending = client.SendAsync(lines.ToString());
        await client.ExpectAnswerAsync("line 0");
        server.Send(Signal.Hup);
        for (int i = 1; i < Count; i++)
        {
            await client.ExpectAnswerAsync($"line {i}");
            if (i == Count / 2)
                server.Send(Signal.Hup);
        }

        await sending;
        await server.ReadyAsync(1);
    }

    [Test]
    public async Task A_character_or_a_line_end_cut_in_two_survives()
    {
        ServerProcess server = await StartAsync();
        Client client = await ConnectAsync(server);
        byte[] line = Encoding.UTF8.GetBytes("grüße \U0001F600\r\n");
        foreach (byte one in line)
        {
            await client.SendAsync(new[] { one });
            if (one is >= 0x80 or (byte)'\r')
                await server.RebootAsync();
        }

        await client.ExpectAnswerAsync("grüße \U0001F600");
    }

    [Test]
    public async Task A_client_with_a_full_window_and_megabytes_queued_gets_every_byte()
    {
        const int Count = 200_000;
        ServerProcess server = await StartAsync();
        Client slow = await ConnectAsync(server.EndPoint, receiveBuffer: 4096);
        List<Client> others = await ConnectAsync(server, 3);
        await slow.SendAsync($"!pour {Count}\n");
        await slow.ExpectAsync("line 0000001");
        for (int i = 0; i < 3; i++)
        {
            await server.RebootAsync();
            await SayAllAsync(others, "the others do not wait for it");
        }

        await slow.ExpectAsync($" of {Count:D7}\n");
        for (int i = 2; i <= Count; i++)
        {
            string line = await slow.ReadLineAsync();
            if (line != $"line {i:D7} of {Count:D7}")
                Assert.That(line, Is.EqualTo($"line {i:D7} of {Count:D7}"));
        }

        await slow.SayAsync("and on");
    }

    [Test]
    public async Task A_client_that_sends_megabytes_and_reads_nothing_gets_every_answer()
    {
        const int Count = 60_000;
        ServerProcess server = await StartAsync();
        Client client = await ConnectAsync(server.EndPoint, receiveBuffer: 4096);
        string rest = new('x', 100);
        StringBuilder lines = new();
        for (int i = 0; i < Count; i++)
            lines.Append(i).Append(rest).Append('\n');
        Task sending = client.SendAsync(lines.ToString());
        for (int i = 0; i < 3; i++)
            await server.RebootAsync();
        for (int i = 0; i < Count; i++)
            await client.ExpectAnswerAsync(i + rest);
        await sending;
    }

    [TestCase("counter")]
    [TestCase("polled")]
    public async Task What_is_said_while_the_server_is_away_is_answered_after(string kind)
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--kind", kind);
        Client client = await ConnectAsync(server);
        await client.SendAsync("half");
        await gap.RebootAsync(server, () => client.SendAsync(" a line\nand a whole one\nand half"));
        await client.ExpectAnswerAsync("half a line");
        await client.ExpectAnswerAsync("and a whole one");
        await gap.RebootAsync(server, () => client.SendAsync(" of one\n"));
        await client.ExpectAnswerAsync("and half of one");
    }

    [TestCase("counter")]
    [TestCase("pipe")]
    [TestCase("stream")]
    public async Task Who_has_said_his_last_line_gets_the_answer_and_a_clean_end(string kind)
    {
        (ServerProcess server, Gap gap) = await StartWithGapAsync("--kind", kind);
        Client client = await ConnectAsync(server);
        await client.SayAsync("hello");
        await gap.RebootAsync(server, async () =>
        {
            await client.SendAsync("first\nlast\n");
            client.EndSending();
        });
        await client.ExpectAnswerAsync("first");
        await client.ExpectAnswerAsync("last");
        Assert.That(await client.ReadToEndAsync(), Is.Empty);
    }

    [Test]
    public async Task What_a_session_says_to_its_neighbour_while_that_one_is_suspended_arrives()
    {
        ServerProcess server = await StartAsync();
        List<Client> clients = await ConnectAsync(server, 3);
        Assert.That(await clients[2].AskAsync($"!tell-late {clients[0].Id} psst"), Is.EqualTo("waiting"));
        await server.RebootAsync();
        await clients[0].ExpectAsync("psst\n");
        await clients[2].ExpectAsync("told\n");
        await SayAllAsync(clients, "and on");
    }

    [Test]
    public async Task A_reboot_asked_for_inside_a_session_comes_after_its_answer()
    {
        ServerProcess server = await StartAsync();
        Client client = await ConnectAsync(server);
        await client.SayAsync("before");
        await client.SendAsync("!reboot\nafter\n");
        await client.ExpectAsync("asked\n");
        await client.ExpectAnswerAsync("after");
        await server.ReadyAsync(1);
        await client.SayAsync("long after");
    }
}
