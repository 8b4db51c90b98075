namespace SeamlessReboot.Angel.CommandLine;

/// <summary>What --notify says. No bool?, whose values the parser would read in its own way.</summary>
internal enum NotifyOption
{
    Auto,
    Yes,
    No,
}
