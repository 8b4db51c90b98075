namespace SeamlessReboot.Angel.SelfReboot;

/// <summary>An internal verb: the running angel asks its new version whether it starts, and reads what it would be handed.</summary>
internal static class HandoverCheck
{
    internal const string Name = "__check-handover";

    internal const int Fine = 113, Different = 114;

    /// <returns>False when the program was not started for this.</returns>
    internal static bool TryRun(string[] arguments, out int exitCode)
    {
        exitCode = arguments is [_, Handover.Version] ? Fine : Different;
        return arguments is [Name, _];
    }
}
