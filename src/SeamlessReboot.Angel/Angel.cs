namespace SeamlessReboot.Angel;

/// <summary>Stand-in until the core is merged.</summary>
internal static class Angel
{
    /// <summary>What an angel that has replaced itself by its new version has carried over; null at a first start.</summary>
    internal static CarriedOver? TakeCarriedOver() => null;

    internal static int Run(AngelOptions options, AngelHost host)
    {
        host.Log($"stand-in: {options.Command[0]}");
        return ExitCode.Done;
    }
}
