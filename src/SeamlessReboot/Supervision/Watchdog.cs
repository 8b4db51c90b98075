namespace SeamlessReboot.Supervision;

/// <summary>
/// Tells the supervisor that the server is alive: while the thread pool runs, and, once the application has given a first sign,
/// only as long as it goes on giving them.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private readonly Supervisor _supervisor;
    private readonly Func<bool> _isExcused;
    private readonly Timer _timer;
    private volatile bool _isAsked;
    private volatile bool _beat;

    /// <param name="supervisor">One that watches.</param>
    /// <param name="isExcused">Whether the application cannot give signs just now, because a reboot holds it.</param>
    internal Watchdog(Supervisor supervisor, Func<bool> isExcused)
    {
        _supervisor = supervisor;
        _isExcused = isExcused;
        TimeSpan period = supervisor.Watchdog!.Value / 4;
        _timer = new Timer(static w => ((Watchdog)w!).Tick(), this, TimeSpan.Zero, period);
    }

    /// <summary>The application is alive.</summary>
    internal void Beat()
    {
        _beat = true;
        _isAsked = true;
    }

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        if (_isAsked && !_beat && !_isExcused())
            return;
        _beat = false;
        _supervisor.Notify("WATCHDOG=1");
    }
}
