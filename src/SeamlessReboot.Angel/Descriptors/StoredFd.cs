using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel.Descriptors;

/// <summary>One descriptor in the store.</summary>
/// <param name="Id">Counted up; the order of storing.</param>
/// <param name="Fd">Its number in the angel.</param>
/// <param name="Name">The name it was stored by.</param>
/// <param name="Watched">Dropped when the other side hangs up.</param>
/// <param name="Identity">Which file it is of.</param>
internal sealed record StoredFd(long Id, int Fd, string Name, bool Watched, FileIdentity Identity);
