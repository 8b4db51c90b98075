namespace Talker.Telnet;

/// <summary>The bytes of the telnet protocol that a talker meets (RFC 854, 857, 858, 1073, 1091).</summary>
internal static class Iac
{
    public const byte Escape = 255;
    public const byte Dont = 254;
    public const byte Do = 253;
    public const byte Wont = 252;
    public const byte Will = 251;
    public const byte Begin = 250;
    public const byte GoAhead = 249;
    public const byte AreYouThere = 246;
    public const byte NoOperation = 241;
    public const byte End = 240;

    public const byte Echo = 1;
    public const byte TerminalType = 24;
    public const byte WindowSize = 31;

    public const byte TerminalTypeIs = 0;
    public const byte TerminalTypeSend = 1;
}
