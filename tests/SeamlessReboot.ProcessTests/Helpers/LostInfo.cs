namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>What the server has reported of a session that did not come through.</summary>
internal sealed record LostInfo(long Id, string Reason, string? File);
