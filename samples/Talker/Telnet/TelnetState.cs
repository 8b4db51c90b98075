namespace Talker.Telnet;

/// <summary>What has been negotiated with a client. It is carried, because clients refuse to be asked a second time.</summary>
internal sealed class TelnetState
{
    /// <summary>Ours: on while a password is typed, so that the client does not show it.</summary>
    public OptionState Echo { get; set; }

    /// <summary>The client's NAWS.</summary>
    public OptionState WindowSize { get; set; }

    /// <summary>The client's TTYPE.</summary>
    public OptionState TerminalType { get; set; }

    public int Width { get; set; }

    public int Height { get; set; }

    public string Terminal { get; set; } = "";

    /// <summary>How much of the unread, unfinished line has been looked at.</summary>
    public int Scanned { get; set; }
}
