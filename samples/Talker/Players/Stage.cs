namespace Talker.Players;

/// <summary>What the next line of a player is taken for.</summary>
internal enum Stage
{
    /// <summary>Connected, and not spoken to yet.</summary>
    Arrived,

    /// <summary>A name.</summary>
    Name,

    /// <summary>The password of an account.</summary>
    Password,

    /// <summary>The password for a new account.</summary>
    NewPassword,

    /// <summary>That password once more.</summary>
    Confirm,

    /// <summary>Speech, or a command.</summary>
    Playing,

    /// <summary>A line of a <see cref="Draft"/>.</summary>
    Editing,

    /// <summary>Nothing any more.</summary>
    Gone,
}
