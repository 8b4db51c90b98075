namespace Talker.Telnet;

/// <summary>Where the negotiation of one option on one side is: the states of RFC 1143, which cannot loop.</summary>
internal enum OptionState
{
    /// <summary>Off.</summary>
    No,

    /// <summary>On.</summary>
    Yes,

    /// <summary>Asked to be off, not answered yet.</summary>
    WantNo,

    /// <summary>As before, and to be asked on again after the answer.</summary>
    WantNoThenYes,

    /// <summary>Asked to be on, not answered yet.</summary>
    WantYes,

    /// <summary>As before, and to be asked off again after the answer.</summary>
    WantYesThenNo,
}
