using SeamlessReboot.Angel.Loop;
using SeamlessReboot.Angel.Tests.Support;

namespace SeamlessReboot.Angel.Tests.Core;

internal sealed class AlarmsTests
{
    [Test]
    public void Alarms_ring_in_their_order_and_once()
    {
        ManualTime time = new();
        int wakes = 0;
        using Alarms alarms = new(time, () => wakes++);
        alarms.Set(Alarm.State, TimeSpan.FromSeconds(2));
        alarms.Set(Alarm.Watchdog, TimeSpan.FromSeconds(1));
        Assert.That(alarms.TakeDue(), Is.Null);
        time.Pass(TimeSpan.FromSeconds(3));
        Assert.That(wakes, Is.EqualTo(1));
        Assert.That(alarms.TakeDue(), Is.EqualTo(Alarm.Watchdog));
        Assert.That(alarms.TakeDue(), Is.EqualTo(Alarm.State));
        Assert.That(alarms.TakeDue(), Is.Null);
    }

    [Test]
    public void One_that_is_always_set_anew_never_rings_and_still_would()
    {
        ManualTime time = new();
        int wakes = 0;
        using Alarms alarms = new(time, () => wakes++);
        for (int i = 0; i < 100; i++)
        {
            alarms.Set(Alarm.Watchdog, TimeSpan.FromSeconds(10));
            time.Pass(TimeSpan.FromSeconds(1));
            if (wakes > 0)
                alarms.TimerFired();
            Assert.That(alarms.TakeDue(), Is.Null);
        }

        Assert.That(wakes, Is.LessThan(20), "not a timer for each heartbeat");
        wakes = 0;
        time.Pass(TimeSpan.FromSeconds(20));
        Assert.That(wakes, Is.GreaterThan(0));
    }

    [Test]
    public void Time_can_be_given_and_not_taken()
    {
        ManualTime time = new();
        using Alarms alarms = new(time, () => { });
        alarms.Extend(Alarm.State, TimeSpan.FromSeconds(5));
        Assert.That(alarms.IsSet(Alarm.State), Is.False);
        alarms.Set(Alarm.State, TimeSpan.FromSeconds(10));
        alarms.Extend(Alarm.State, TimeSpan.FromSeconds(5));
        Assert.That(alarms.Remaining(Alarm.State)!.Value.TotalSeconds, Is.EqualTo(10).Within(0.001));
        alarms.Extend(Alarm.State, TimeSpan.FromSeconds(50));
        Assert.That(alarms.Remaining(Alarm.State)!.Value.TotalSeconds, Is.EqualTo(50).Within(0.001));
        alarms.Clear(Alarm.State);
        time.Pass(TimeSpan.FromSeconds(100));
        Assert.That(alarms.TakeDue(), Is.Null);
    }
}
