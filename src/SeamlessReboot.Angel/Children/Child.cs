namespace SeamlessReboot.Angel.Children;

/// <summary>A server that the angel has started; by MAINPID= it may have become another process.</summary>
internal sealed class Child
{
    /// <summary>The process that is the server now; MAINPID= changes it.</summary>
    public required int Pid { get; set; }

    /// <summary>The process groups that die with it.</summary>
    public required List<int> Groups { get; init; }

    public required Release Release { get; init; }

    /// <summary>The command by its real paths, as it was when this was started; null for the fallback.</summary>
    public Release? Real { get; set; }

    public required bool IsFallback { get; init; }

    /// <summary>When it was started, for people.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The same by the monotonic clock.</summary>
    public required long Started { get; init; }

    /// <summary>It has sent a notification, so it will send READY=1 too.</summary>
    public bool HasNotified { get; set; }

    /// <summary>Since when it is ready, or has been before it began a reboot of its own, by the monotonic clock.</summary>
    public long? ReadySince { get; set; }

    public bool WasReady => ReadySince is not null;

    /// <summary>Its last STATUS=.</summary>
    public string StatusText { get; set; } = "";

    /// <summary>Its watchdog's time; null for none.</summary>
    public TimeSpan? Watchdog { get; set; }

    /// <summary>What a seamless server has sent about itself; null for any other program.</summary>
    public SeamlessServer? Seamless { get; set; }

    /// <summary>MAINPID= named this process. It need not be a child of the angel, so its exit is watched for.</summary>
    public bool IsFromMainPid { get; set; }
}
