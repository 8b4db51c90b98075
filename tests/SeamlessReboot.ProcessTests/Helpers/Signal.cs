namespace SeamlessReboot.ProcessTests.Helpers;

/// <summary>Signals by their numbers on x64 and arm64 Linux.</summary>
internal enum Signal
{
    Hup = 1,
    Int = 2,
    Usr1 = 10,
    Usr2 = 12,
    Alrm = 14,
    Term = 15,
    Winch = 28,
    Realtime = 40,
}
