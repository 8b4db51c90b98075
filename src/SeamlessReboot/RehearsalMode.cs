namespace SeamlessReboot;

/// <summary>How far the new release is tried, beside the old one, before a reboot disturbs anybody. See <see cref="RebooterOptions.Rehearsal"/>.</summary>
public enum RehearsalMode
{
    /// <summary>
    /// Its whole start-up to the end of <see cref="Rebooter.Ready"/>, with a copy of the live state. A release that fails there calls
    /// the reboot off.
    /// </summary>
    UntilReady,

    /// <summary>
    /// Only as far as <see cref="Rebooter.Start"/>: missing files, a wrong framework, another serializer. For a server whose start-up has
    /// effects that must not happen twice and cannot ask <see cref="Rebooter.IsRehearsal"/>.
    /// </summary>
    UntilStart,

    /// <summary>Not at all. A release that does not come as far as <see cref="Rebooter.Start"/> then ends every connection.</summary>
    None,
}
