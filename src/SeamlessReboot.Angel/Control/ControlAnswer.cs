namespace SeamlessReboot.Angel.Control;

/// <summary>What an angel says to everything but "status", when it is done.</summary>
internal sealed record ControlAnswer(bool Ok, string Message);
