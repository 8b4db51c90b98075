using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Supervision;

/// <summary>The descriptors that a supervisor has passed to this process, by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.</summary>
internal static class PassedDescriptors
{
    /// <summary>What the angel calls the file with all names, where they are too many for a variable (128 KiB).</summary>
    internal const string NamesFile = "seamless-names";

    internal static readonly string[] Variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

    /// <summary>Reads the variables and erases them, so that no child takes the descriptors for its own. Closed on exec from here on.</summary>
    internal static List<PassedDescriptor> Take(HostProcess process)
    {
        string? pid = process.TakeVariable(Variables[0]), count = process.TakeVariable(Variables[1]), names = process.TakeVariable(Variables[2]);
        List<PassedDescriptor> passed = [];
        if (!IsNumber(pid, out int whose) || whose != process.Pid || !IsNumber(count, out int number))
            return passed;
        string[] each = names?.Split(':') ?? [];
        int file = each.Length == number ? Array.IndexOf(each, NamesFile) : -1;
        if (file >= 0 && ReadNames(process.FirstPassed + file, each) is string[] all)
            each = all; // the others follow behind those that LISTEN_FDS counts
        else
            file = -1;
        for (int i = 0; i < Math.Max(number, file < 0 ? 0 : each.Length); i++)
            if (i != file && Fd.TrySetCloseOnExec(process.FirstPassed + i, true))
                passed.Add(new PassedDescriptor(i < each.Length ? each[i] : "", process.FirstPassed + i));
        return passed;
    }

    /// <summary>Reads the file and closes it.</summary>
    /// <returns>Null when it does not begin with the names of the variable: then it is something else that has this name, and stays open.</returns>
    private static string[]? ReadNames(int fd, string[] first)
    {
        SafeFileHandle file = new(fd, ownsHandle: false);
        try
        {
            byte[] text = new byte[RandomAccess.GetLength(file)];
            int length = RandomAccess.Read(file, text, 0);
            string[] all = Encoding.ASCII.GetString(text, 0, length).Split(':');
            if (all.Length < first.Length || !all.AsSpan(0, first.Length).SequenceEqual(first))
                return null;
            Fd.Close(fd);
            return all;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    private static bool IsNumber(string? text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

/// <summary>One of them. Several may have one name.</summary>
internal sealed record PassedDescriptor(string Name, int Fd);
