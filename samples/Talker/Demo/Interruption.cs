namespace Talker.Demo;

/// <summary>What happens in the middle of a round of talk.</summary>
internal enum Interruption
{
    /// <summary>The admin types 'reboot'.</summary>
    Reboot,

    /// <summary>The admin types 'reboot in 2'.</summary>
    Countdown,

    /// <summary>Somebody is in the editor; 'reboot' is refused, 'reboot force' is not.</summary>
    Force,

    /// <summary>The admin types 'crash'.</summary>
    Crash,
}
