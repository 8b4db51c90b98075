using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel;

/// <summary>A listening socket that the angel has opened.</summary>
/// <param name="Name">Its name in LISTEN_FDNAMES.</param>
/// <param name="Fd">Its descriptor in the angel, close-on-exec.</param>
/// <param name="Uri">What it was asked for by.</param>
/// <param name="File">The file that was made for it, of a unix socket.</param>
internal sealed record HeldListener(string Name, int Fd, string Uri, FileIdentity? File = null);
