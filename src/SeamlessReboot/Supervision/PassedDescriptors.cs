using System.Globalization;
using SeamlessReboot.Posix;

namespace SeamlessReboot.Supervision;

/// <summary>The descriptors that a supervisor has passed to this process, by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.</summary>
internal static class PassedDescriptors
{
    internal static readonly string[] Variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

    /// <summary>Reads the variables and erases them, so that no child takes the descriptors for its own. Closed on exec from here on.</summary>
    internal static List<PassedDescriptor> Take(HostProcess process)
    {
        string? pid = process.TakeVariable(Variables[0]), count = process.TakeVariable(Variables[1]), names = process.TakeVariable(Variables[2]);
        List<PassedDescriptor> passed = [];
        if (!IsNumber(pid, out int whose) || whose != process.Pid || !IsNumber(count, out int number))
            return passed;
        string[] each = names?.Split(':') ?? [];
        for (int i = 0; i < number; i++)
            if (Fd.TrySetCloseOnExec(process.FirstPassed + i, true))
                passed.Add(new PassedDescriptor(i < each.Length ? each[i] : "", process.FirstPassed + i));
        return passed;
    }

    private static bool IsNumber(string? text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

/// <summary>One of them. Several may have one name.</summary>
internal sealed record PassedDescriptor(string Name, int Fd);
