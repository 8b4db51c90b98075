using SeamlessReboot.Descriptors;

namespace SeamlessReboot.Tests;

[Parallelizable(ParallelScope.All)]
internal sealed class CrashStepTests
{
    private static readonly TimeSpan _window = TimeSpan.FromMinutes(1);

    private static CrashStep? Decide(long now, long culprit, params (long Second, long Session)[] before) =>
        CrashStep.Decide([.. before.Select(c => new CrashMark(c.Second, c.Session))], now, culprit, _window);

    [TestCase(0)]
    [TestCase(7)]
    public void The_first_crash_reboots_with_everyone(long culprit)
    {
        CrashStep step = Decide(1000, culprit)!;
        Assert.That((step.Warm, step.Culprit), Is.EqualTo((true, 0L)));
    }

    [Test]
    public void The_second_crash_leaves_the_session_behind_that_crashed()
    {
        CrashStep step = Decide(1000, 7, (990, 0))!;
        Assert.That((step.Warm, step.Culprit), Is.EqualTo((true, 7L)));
    }

    [Test]
    public void The_second_crash_is_cold_when_nobody_knows_which_session_it_was()
    {
        CrashStep step = Decide(1000, 0, (990, 7))!;
        Assert.That((step.Warm, step.Culprit), Is.EqualTo((false, 0L)));
    }

    [TestCase(0)]
    [TestCase(7)]
    public void The_third_crash_is_cold(long culprit)
    {
        CrashStep step = Decide(1000, culprit, (980, 3), (990, 7))!;
        Assert.That((step.Warm, step.Culprit), Is.EqualTo((false, 0L)));
    }

    [Test]
    public void The_fourth_crash_lets_it_die() =>
        Assert.That(Decide(1000, 7, (970, 1), (980, 2), (990, 3)), Is.Null);

    [Test]
    public void Crashes_outside_of_the_window_are_forgotten()
    {
        CrashStep step = Decide(1000, 7, (937, 1), (938, 2), (939, 3))!;
        Assert.That((step.Warm, step.Culprit), Is.EqualTo((true, 0L)));
        Assert.That(step.History, Is.EqualTo(new CrashMark[] { new(1000, 7) }));
    }

    [Test]
    public void A_crash_on_the_edge_of_the_window_counts() =>
        Assert.That(Decide(1000, 7, (940, 1))!.Culprit, Is.EqualTo(7));

    [Test]
    public void Crashes_of_the_future_are_forgotten_because_the_clock_was_set_back() =>
        Assert.That(Decide(1000, 7, (2000, 1), (2001, 1), (2002, 1))!.Warm, Is.True);

    [Test]
    public void The_history_grows_by_this_crash_oldest_first() =>
        Assert.That(Decide(1000, 7, (990, 3))!.History, Is.EqualTo(new CrashMark[] { new(990, 3), new(1000, 7) }));

    [Test]
    public void The_whole_ladder_is_climbed_and_starts_again_after_a_quiet_window()
    {
        CrashMark[] history = [];
        List<string> steps = [];
        foreach (long now in new long[] { 0, 10, 20, 30, 81, 95 })
        {
            CrashStep? step = CrashStep.Decide(history, now, 5, _window);
            steps.Add(step is null ? "die" : step.Warm ? $"warm without {step.Culprit}" : "cold");
            history = step?.History ?? history;
        }

        Assert.That(steps, Is.EqualTo(new[] { "warm without 0", "warm without 5", "cold", "die", "warm without 0", "warm without 5" }));
    }
}
