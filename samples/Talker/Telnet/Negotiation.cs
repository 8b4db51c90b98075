using System.Buffers.Binary;
using System.Text;

namespace Talker.Telnet;

/// <summary>Answers a client's sequences; each method returns the bytes to send, often none.</summary>
internal static class Negotiation
{
    private const int LongestTerminalName = 40;

    /// <summary>What a new client is asked.</summary>
    public static byte[] Open(TelnetState state)
    {
        (state.TerminalType, _) = OptionRules.Want(state.TerminalType, on: true);
        (state.WindowSize, _) = OptionRules.Want(state.WindowSize, on: true);
        return [Iac.Escape, Iac.Do, Iac.TerminalType, Iac.Escape, Iac.Do, Iac.WindowSize];
    }

    /// <summary>Has the client stop showing what is typed, or begin again.</summary>
    public static byte[] HideTyping(TelnetState state, bool hide)
    {
        (state.Echo, bool? say) = OptionRules.Want(state.Echo, hide);
        return Say(Iac.Echo, say, Iac.Will, Iac.Wont);
    }

    public static byte[] Answer(TelnetState state, ReadOnlySpan<byte> sequence)
    {
        switch (sequence[1])
        {
            case Iac.Will or Iac.Wont:
                return AnswerOffer(state, sequence[2], on: sequence[1] == Iac.Will);
            case Iac.Do or Iac.Dont:
                return AnswerRequest(state, sequence[2], on: sequence[1] == Iac.Do);
            case Iac.Begin:
                Learn(state, TelnetParser.Payload(sequence));
                return [];
            case Iac.AreYouThere:
                return [.. "[Yes]\r\n"u8];
            default:
                return [];
        }
    }

    private static byte[] AnswerOffer(TelnetState state, byte option, bool on)
    {
        bool? say;
        switch (option)
        {
            case Iac.TerminalType:
                bool wasOn = state.TerminalType == OptionState.Yes;
                (state.TerminalType, say) = OptionRules.Heard(state.TerminalType, on, welcome: true);
                byte[] answer = Say(option, say, Iac.Do, Iac.Dont);
                return wasOn || state.TerminalType != OptionState.Yes ? answer
                    : [.. answer, Iac.Escape, Iac.Begin, option, Iac.TerminalTypeSend, Iac.Escape, Iac.End];
            case Iac.WindowSize:
                (state.WindowSize, say) = OptionRules.Heard(state.WindowSize, on, welcome: true);
                return Say(option, say, Iac.Do, Iac.Dont);
            default:
                return on ? [Iac.Escape, Iac.Dont, option] : [];
        }
    }

    // SUPPRESS-GO-AHEAD is refused with the rest: with it and ECHO a client would go over to sending single characters.
    private static byte[] AnswerRequest(TelnetState state, byte option, bool on)
    {
        if (option != Iac.Echo)
            return on ? [Iac.Escape, Iac.Wont, option] : [];
        (state.Echo, bool? say) = OptionRules.Heard(state.Echo, on, welcome: false);
        return Say(option, say, Iac.Will, Iac.Wont);
    }

    private static byte[] Say(byte option, bool? on, byte yes, byte no) =>
        on is bool value ? [Iac.Escape, value ? yes : no, option] : [];

    private static void Learn(TelnetState state, ReadOnlySpan<byte> payload)
    {
        if (payload is [Iac.WindowSize, _, _, _, _])
        {
            state.Width = BinaryPrimitives.ReadUInt16BigEndian(payload[1..]);
            state.Height = BinaryPrimitives.ReadUInt16BigEndian(payload[3..]);
        }
        else if (payload is [Iac.TerminalType, Iac.TerminalTypeIs, .. { Length: <= LongestTerminalName } name])
        {
            state.Terminal = TextFilter.Clean(Encoding.ASCII.GetString(name));
        }
    }
}
