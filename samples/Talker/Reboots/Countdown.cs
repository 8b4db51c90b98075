namespace Talker.Reboots;

/// <summary>A reboot that has been announced. It is kept: should the talker be rebooted or crash meanwhile, it goes on.</summary>
internal sealed class Countdown
{
    public required string By { get; init; }

    public int SecondsLeft { get; set; }

    /// <summary>At zero, and somebody is writing: everybody has been told.</summary>
    public bool IsWaiting { get; set; }
}
