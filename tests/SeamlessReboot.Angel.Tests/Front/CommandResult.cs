namespace SeamlessReboot.Angel.Tests.Front;

/// <summary>How a command has ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors);
