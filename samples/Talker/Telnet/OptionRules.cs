namespace Talker.Telnet;

/// <summary>The table of RFC 1143, for our side (WILL, WONT) and the client's (DO, DONT) alike.</summary>
internal static class OptionRules
{
    /// <summary>We want the option on or off.</summary>
    /// <returns>The next state; and what to say, if anything.</returns>
    public static (OptionState Next, bool? Say) Want(OptionState state, bool on) => (state, on) switch
    {
        (OptionState.No, true) => (OptionState.WantYes, true),
        (OptionState.WantNo, true) => (OptionState.WantNoThenYes, null),
        (OptionState.WantYesThenNo, true) => (OptionState.WantYes, null),
        (OptionState.Yes, false) => (OptionState.WantNo, false),
        (OptionState.WantYes, false) => (OptionState.WantYesThenNo, null),
        (OptionState.WantNoThenYes, false) => (OptionState.WantNo, null),
        _ => (state, null),
    };

    /// <summary>The client says that the option is to be on or off.</summary>
    /// <param name="state">Now.</param>
    /// <param name="on">DO or WILL; otherwise DONT or WONT.</param>
    /// <param name="welcome">Whether the client may have it on without being asked.</param>
    /// <returns>The next state; and what to say, if anything.</returns>
    public static (OptionState Next, bool? Say) Heard(OptionState state, bool on, bool welcome) => (state, on) switch
    {
        (OptionState.No, true) => welcome ? (OptionState.Yes, true) : (OptionState.No, false),
        (OptionState.WantNo, true) => (OptionState.No, null),
        (OptionState.WantNoThenYes, true) => (OptionState.Yes, null),
        (OptionState.WantYes, true) => (OptionState.Yes, null),
        (OptionState.WantYesThenNo, true) => (OptionState.WantNo, false),
        (OptionState.Yes, false) => (OptionState.No, false),
        (OptionState.WantNo, false) => (OptionState.No, null),
        (OptionState.WantNoThenYes, false) => (OptionState.WantYes, true),
        (OptionState.WantYes or OptionState.WantYesThenNo, false) => (OptionState.No, null),
        _ => (state, null),
    };
}
