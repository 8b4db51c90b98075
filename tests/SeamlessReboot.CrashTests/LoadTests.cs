using SeamlessReboot.CrashTests.Load;

namespace SeamlessReboot.CrashTests;

/// <summary>The load notices what it is there to notice. Its other tests would be worth nothing if it did not.</summary>
internal sealed class LoadTests
{
    private static readonly LoadOptions _options = new() { Clients = 20, LinesPerSecond = 400, AnswerTimeout = TimeSpan.FromSeconds(0.5), NewcomersPerSecond = 20, NewcomerLimit = TimeSpan.FromSeconds(5) };

    [Test]
    public async Task An_honest_server_has_no_failures()
    {
        LoadReport report = await RunAsync((session, line) => session.Honest(line), _ => { });
        Assert.That(report.FailureCount, Is.Zero, report.ToString());
        Assert.That(report.Newcomers, Is.Positive);
    }

    [Test]
    public async Task An_answer_that_comes_twice_is_noticed() =>
        await AssertNoticedAsync((s, line) => s.Count == 7 && s.Id == 3 ? s.Honest(line) + s.Honest(line) : s.Honest(line), "has not said that, or was answered before");

    [Test]
    public async Task Another_sessions_number_is_noticed() =>
        await AssertNoticedAsync((s, line) => s.Count == 7 && s.Id == 3 ? $"4 {++s.Count} {line}\n" : s.Honest(line), "was answered as session 4");

    [Test]
    public async Task Two_sessions_with_one_number_are_noticed() =>
        await AssertNoticedAsync((s, line) => $"{(s.Id == 3 ? 4 : s.Id)} {++s.Count} {line}\n", "has the number of");

    [Test]
    public async Task Another_clients_words_are_noticed() =>
        await AssertNoticedAsync((s, line) => s.Honest(s.Count == 7 && s.Id == 3 ? "client-1 1 aaa" : line), "has not said that, or was answered before");

    [Test]
    public async Task A_lost_line_is_noticed_if_nobody_has_died() =>
        await AssertNoticedAsync((s, line) => s.Id == 3 && line.StartsWith("client-", StringComparison.Ordinal) && line.Split(' ')[1] == "8" ? "" : s.Honest(line),
            "and the server has not died since it was said");

    [Test]
    public async Task A_count_that_goes_back_is_noticed_if_nobody_has_died() =>
        await AssertNoticedAsync((s, line) => $"{s.Id} {(s.Id == 3 && s.Count == 7 ? s.Count = 5 : ++s.Count)} {line}\n", "without a death in between");

    [Test]
    public async Task A_count_that_leaps_is_noticed() =>
        await AssertNoticedAsync((s, line) => $"{s.Id} {(s.Id == 3 && s.Count == 7 ? s.Count = 50 : ++s.Count)} {line}\n", "without a death in between");

    [Test]
    public async Task A_client_that_is_disconnected_is_noticed() =>
        await AssertNoticedAsync((s, line) => s.Count == 7 && s.Id == 3 ? null : s.Honest(line), "was disconnected");

    [Test]
    public async Task A_half_line_of_before_a_death_that_is_put_before_another_line_is_noticed()
    {
        bool died = false;
        LoadReport report = await RunAsync((s, line) => s.Honest(died && s.Id == 3 ? "client" + line : line), swarm =>
        {
            swarm.Died();
            died = true;
        });
        Assert.That(report.Failures, Has.Some.Contains("has not said that, or was answered before"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_count_may_go_back_to_the_checkpoint_by_a_death_and_not_further(bool further)
    {
        int died = 0;
        Dictionary<int, int> checkpoint = [];
        LoadReport report = await RunAsync(
            (s, line) =>
            {
                lock (checkpoint)
                {
                    if (died == 1 && checkpoint.Remove(s.Id, out int saved))
                        s.Count = further ? saved - 1 : saved;
                    else if (died == 0 && s.Id <= _options.Clients)
                        checkpoint[s.Id] = s.Count;
                    return s.Honest(line);
                }
            },
            swarm =>
            {
                lock (checkpoint)
                {
                    swarm.BeginCheckpoint();
                    foreach (int id in checkpoint.Keys)
                        checkpoint[id]++; // with the line that was counted after it was written down
                    swarm.EndCheckpoint();
                    swarm.Died();
                    died = 1;
                }
            });
        Assert.That(report.Failures, further ? Has.Some.Contains("after a death") : Is.Empty, report.ToString());
    }

    private static async Task AssertNoticedAsync(Func<LyingSession, string, string?> answer, string sentence)
    {
        LoadReport report = await RunAsync(answer, _ => { });
        Assert.That(report.Failures, Has.Some.Contains(sentence));
    }

    /// <summary>Everyone says twenty lines, unless something is noticed before; something happens in the middle.</summary>
    private static async Task<LoadReport> RunAsync(Func<LyingSession, string, string?> answer, Action<Swarm> middle)
    {
        using LyingServer server = new(answer);
        await using Swarm swarm = await Swarm.StartAsync(server.EndPoint, _options);
        for (int i = 1; i <= 20 && swarm.Failures.Count == 0; i++)
        {
            if (i == 10)
                middle(swarm);
            await await Task.WhenAny(swarm.EveryoneIsServedAsync(), swarm.Failures.Any);
        }

        return await swarm.StopAsync();
    }
}
