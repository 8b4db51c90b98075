using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Supervision;

/// <summary>A version, or a session, that ends the server each time it is restored.</summary>
[NonParallelizable]
internal sealed class BadVersionTests : SupervisedFixture
{
    [Test]
    public async Task A_session_that_ends_the_server_twice_is_left_behind_the_third_time()
    {
        Image image = Start();
        Client good = Connect(image);
        await good.SaysAndHearsAsync("a\n", "1 a\n");
        Client bad = Connect(image);
        await bad.SaysAndHearsAsync("a\n", "1 a\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        await DieAsync(image);
        Guid program = typeof(BadVersionTests).Assembly.ManifestModule.ModuleVersionId;
        program = System.Reflection.Assembly.GetEntryAssembly()?.ManifestModule.ModuleVersionId ?? program;
        using (SpoolDirectory spool = SeamlessReboot.Spool.SpoolDirectory.Adopt(SpoolDirectory, Legacy.Copy(Supervisor.Held["seamless"])))
            for (int death = 0; death < 2; death++)
            {
                using RestoreAttempt attempt = RestoreAttempt.Begin(spool, program);
                attempt.At(2);
            }

        Image next = Restart().Register().Serve();
        await good.SaysAndHearsAsync("b\n", "2 b\n");
        await bad.HearAsync("Farewell.\n");
        Assert.That(next.Rebooter.LastReboot!.SessionsLost.Single().Id, Is.EqualTo(2));
        Assert.That(SpoolFiles, Has.None.EqualTo(RestoreAttempt.FileName));
    }

    [Test]
    public async Task A_version_that_can_restore_hardly_anybody_ends_three_times_and_then_goes_on_with_those()
    {
        Image image = Start();
        Client good = Connect(image);
        await good.SaysAndHearsAsync("a\n", "1 a\n");
        Client bad = Connect(image), worse = Connect(image);
        await bad.SaysAndHearsAsync("a\nb\n", "1 a\n2 b\n");
        await worse.SaysAndHearsAsync("a\nb\n", "1 a\n2 b\n");
        await image.Rebooter.CheckpointAsync("test").Within();
        await DieAsync(image);
        for (int death = 0; death < 3; death++)
        {
            Image broken = New(process: Supervisor.Restart());
            RegisterBroken(broken);
            InvalidOperationException? refusal = Assert.Throws<InvalidOperationException>(broken.Rebooter.Ready);
            Assert.That(refusal!.Message, Does.Contain("cannot restore 2 of 3 sessions").And.Contain("as told"));
            Assert.That(SpoolFiles, Has.None.StartsWith("quarantine"));
        }

        Image last = New(process: Supervisor.Restart());
        RegisterBroken(last);
        last.Serve();
        await good.SaysAndHearsAsync("b\n", "2 b\n");
        await bad.HearAsync("Farewell.\n");
        await worse.HearAsync("Farewell.\n");
        Assert.That(last.Rebooter.LastReboot!.SessionsLost, Has.Count.EqualTo(2));
        Assert.That(SpoolFiles.Count(f => f.StartsWith("quarantine", StringComparison.Ordinal)), Is.EqualTo(2));
    }

    private static void RegisterBroken(Image image)
    {
        image.Rebooter.Listen(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        image.Rebooter.Restore(saved => saved.ReadState<EchoState>() is { Lines: < 2 } state
            ? new EchoSession(saved.OpenConnection(), state)
            : throw new InvalidDataException("as told"));
    }

    [Test]
    public void A_program_is_counted_by_itself_and_starts_cold_after_five_deaths()
    {
        using SpoolDirectory spool = SeamlessReboot.Spool.SpoolDirectory.Open(SpoolDirectory);
        Guid one = Guid.NewGuid(), other = Guid.NewGuid();
        for (int death = 0; death < 5; death++)
        {
            using RestoreAttempt attempt = RestoreAttempt.Begin(spool, one);
            Assert.That(attempt.IsWarm, Is.True);
            Assert.That(attempt.Deaths, Is.EqualTo(death));
            attempt.At(death);
            Assert.That(attempt.Culprit, Is.Zero, "Each time another session: it is not the session's fault.");
        }

        using (RestoreAttempt cold = RestoreAttempt.Begin(spool, one))
            Assert.That(cold.IsWarm, Is.False);
        using (RestoreAttempt fallback = RestoreAttempt.Begin(spool, other))
            Assert.That(fallback.IsWarm, Is.True);
        RestoreAttempt.Begin(spool, one).End();
        using RestoreAttempt later = RestoreAttempt.Begin(spool, one);
        Assert.That(later.Deaths, Is.Zero);
    }
}
