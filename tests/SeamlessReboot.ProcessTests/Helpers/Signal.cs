namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>Signals by their numbers on x64 and arm64 Linux.</summary>
internal enum Signal
{
    Hup = 1,
    Usr1 = 10,
    Alrm = 14,
    Term = 15,
}
