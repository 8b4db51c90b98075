using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SeamlessReboot.Posix;

/// <summary>The standard streams of a rehearsal, which belong to whoever rehearses.</summary>
internal static unsafe class RehearsalPipes
{
    private const int CloseOnExec = 0x80000, DuplicateCloseOnExec = 1030; // O_CLOEXEC, F_DUPFD_CLOEXEC
    private const int CurrentDirectory = -100, ReadOnly = 0; // AT_FDCWD

    /// <summary>Standard input, under another number. What the application reads from its standard input is empty.</summary>
    internal static Stream TakeInput()
    {
        int input = Libc.Fcntl(0, DuplicateCloseOnExec, 3);
        if (input < 0)
            return Stream.Null;
        int nothing = Libc.OpenAt(CurrentDirectory, "/dev/null", ReadOnly | CloseOnExec, 0);
        if (nothing >= 0)
        {
            _ = Libc.Duplicate(nothing, 0, 0);
            Fd.Close(nothing);
        }

        return new FileStream(new SafeFileHandle(input, true), FileAccess.Read, bufferSize: 0);
    }

    /// <summary>Straight to descriptor 1, whatever the application has made of its Console.</summary>
    internal static void Write(string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($"\n{line}\n");
        using SafeFileHandle output = new(1, false);
        try
        {
            using FileStream stream = new(output, FileAccess.Write, bufferSize: 0);
            stream.Write(bytes);
        }
        catch (IOException)
        {
            // Nobody listens any more.
        }
    }
}
