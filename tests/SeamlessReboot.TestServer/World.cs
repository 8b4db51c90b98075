namespace SeamlessReboot.TestServer;

/// <summary>
/// System state. Whoever changes it changes both halves, one after the other, with time in between: they are equal unless a
/// reboot came where it must not.
/// </summary>
internal sealed class World
{
    public long LastId { get; set; }

    public List<string> Chronicle { get; set; } = [];

    public long FirstHalf { get; set; }

    public long SecondHalf { get; set; }
}
